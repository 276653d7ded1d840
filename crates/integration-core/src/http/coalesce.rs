//! Equal reads share one call while it is under way.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::{
    equal::CallKey,
    response::Response,
    send::{self, Prepared},
};
use crate::{driver::Overrides, error::Result, observer::Happening};

/// Calls under way; no more than there are callers.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<FlightKey, Arc<Flight>>>);

/// Also the limits must be equal, or one caller would be given what another was willing to wait for.
type FlightKey = (CallKey, Overrides);

/// Initialised by whoever comes first, or after that one was dropped by another.
type Flight = OnceCell<Result<Response>>;

/// Waits for the equal call that is under way, or makes the call.
pub(super) async fn join(prepared: Prepared) -> Result<Response> {
    let client = prepared.client.clone();
    let (driver, flights) = (&client.inner.driver, &client.inner.flights);
    let Some(flights) = flights else {
        return send::run(prepared).await.map(|driven| driven.head);
    };
    let options = &prepared.options;
    let key = (CallKey::new(&prepared), prepared.overrides.clone());
    let seat = flights.seat(key);
    let (operation, policies) = (options.operation.clone(), prepared.key.clone());
    let began = driver.now();
    let is_mine = AtomicBool::new(false);
    let fly = || async {
        is_mine.store(true, Ordering::Relaxed);
        let waited = driver.now().saturating_duration_since(began);
        let result = send::run(prepared.after(waited)).await;
        seat.land();
        result.map(|driven| driven.head)
    };
    let result = seat.flight.get_or_init(fly).await.clone();
    if is_mine.into_inner() {
        return result;
    }
    driver.emit(&operation, &policies, Happening::Joined);
    result.map(|response| Response {
        operation,
        ..response
    })
}

impl Flights {
    fn seat(&self, key: FlightKey) -> Seat<'_> {
        let flight = Arc::clone(self.0.lock().entry(key.clone()).or_default());
        Seat {
            flights: self,
            key,
            flight,
        }
    }
}

impl fmt::Debug for Flights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights")
            .field("len", &self.0.lock().len())
            .finish()
    }
}

/// One caller of a flight. The last one to go takes the flight with it.
struct Seat<'a> {
    flights: &'a Flights,
    key: FlightKey,
    flight: Arc<Flight>,
}

impl Seat<'_> {
    /// Whoever comes from now on makes a call of its own: the answer is of the past.
    fn land(&self) {
        let mut flights = self.flights.0.lock();
        if self.is_listed(&flights) {
            flights.remove(&self.key);
        }
    }

    fn is_listed(&self, flights: &HashMap<FlightKey, Arc<Flight>>) -> bool {
        let listed = flights.get(&self.key);
        listed.is_some_and(|listed| Arc::ptr_eq(listed, &self.flight))
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut flights = self.flights.0.lock();
        if !self.is_listed(&flights) {
            return;
        }
        // Given up inside the lock, or two that go at once would each leave it to the other.
        self.flight = Arc::default();
        if flights
            .get(&self.key)
            .is_some_and(|listed| Arc::strong_count(listed) == 1)
        {
            flights.remove(&self.key);
        }
    }
}
