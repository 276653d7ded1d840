//! Who runs, and who may still be claimed.

use std::{collections::HashMap, time::Duration};

use integration_core::Clock;
use tokio::{
    task::{AbortHandle, Id},
    time::Instant,
};

use super::Route;
use crate::{
    id::{DeliveryId, UnixMillis},
    store::{Extension, Lease, RouteSlots, Settlement},
};

/// A delivery that holds a slot: it runs, or its settlement is not on disk yet.
pub(super) struct InFlight {
    pub(super) token: u64,
    pub(super) attempt: u32,
    pub(super) route: usize,
    pub(super) started_at: UnixMillis,
    pub(super) start: Instant,
    pub(super) task: AbortHandle,
}

/// The slots of all routes.
pub(super) struct Slots {
    max: usize,
    in_flight: HashMap<DeliveryId, InFlight>,
    by_task: HashMap<Id, DeliveryId>,
    used: Vec<usize>,
    held_until: Vec<Option<Instant>>,
}

impl Slots {
    pub(super) fn new(max: usize, routes: usize) -> Self {
        Self {
            max,
            in_flight: HashMap::new(),
            by_task: HashMap::new(),
            used: vec![0; routes],
            held_until: vec![None; routes],
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Returns how many can be claimed in the commit that settles `ended`, and of which routes.
    pub(super) fn free(
        &self,
        routes: &[Route],
        now: Instant,
        ended: &[Settlement],
    ) -> (usize, Vec<RouteSlots>) {
        let (mut in_flight, mut used) = (self.in_flight.len(), self.used.clone());
        for held in ended
            .iter()
            .filter_map(|it| self.in_flight.get(&it.delivery))
        {
            in_flight -= 1;
            used[held.route] -= 1;
        }
        let free: Vec<_> = routes
            .iter()
            .enumerate()
            .filter(|(no, _)| self.held_until[*no].is_none_or(|until| until <= now))
            .map(|(no, route)| RouteSlots {
                route: route.name.clone(),
                limit: route.max_in_flight.max(1).saturating_sub(used[no]),
            })
            .filter(|slots| slots.limit > 0)
            .collect();
        let room = self.max.max(1).saturating_sub(in_flight);
        (if free.is_empty() { 0 } else { room }, free)
    }

    pub(super) fn take(
        &mut self,
        lease: &Lease,
        route: usize,
        task: AbortHandle,
        clock: &dyn Clock,
    ) {
        self.used[route] += 1;
        self.by_task.insert(task.id(), lease.delivery);
        let held = InFlight {
            token: lease.token,
            attempt: lease.attempt,
            route,
            started_at: UnixMillis::from_duration(clock.unix()),
            start: clock.now(),
            task,
        };
        self.in_flight.insert(lease.delivery, held);
    }

    /// Returns what a task was about; `None` if its lease was lost in the meantime.
    pub(super) fn finished(&mut self, task: Id) -> Option<(DeliveryId, &InFlight)> {
        let delivery = self.by_task.remove(&task)?;
        Some((delivery, self.in_flight.get(&delivery)?))
    }

    pub(super) fn release(&mut self, delivery: DeliveryId) {
        if let Some(held) = self.in_flight.remove(&delivery) {
            self.used[held.route] -= 1;
            self.by_task.remove(&held.task.id());
        }
    }

    /// Stops what runs for a lease that is no longer ours.
    pub(super) fn lost(&mut self, delivery: DeliveryId) {
        if let Some(held) = self.in_flight.get(&delivery) {
            held.task.abort();
        }
        self.release(delivery);
    }

    pub(super) fn leases(&self) -> Vec<Extension> {
        let named = |(&delivery, held): (&DeliveryId, &InFlight)| Extension {
            delivery,
            token: held.token,
        };
        self.in_flight.iter().map(named).collect()
    }

    pub(super) fn hold(&mut self, route: usize, now: Instant, time: Duration) {
        self.held_until[route] = Some(now + time);
    }

    /// Returns when the next held route may be claimed again.
    pub(super) fn next_release(&self, now: Instant) -> Option<Instant> {
        self.held_until
            .iter()
            .flatten()
            .copied()
            .filter(|until| *until > now)
            .min()
    }
}
