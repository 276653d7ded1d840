//! The state machine of the bulkhead.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use parking_lot::Mutex;

use super::BulkheadConfig;
use crate::{admission::Denied, error::Result};

/// Bounds the calls that run at once. See the [module](super).
#[derive(Debug)]
pub struct Bulkhead {
    max_in_flight: usize,
    max_queue: usize,
    state: Mutex<State>,
}

/// What a call gets that is not refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum Admission {
    /// It may run.
    Run(Place),
    /// It waits its turn.
    Wait(Ticket),
}

#[derive(Debug, Default)]
struct State {
    /// Places taken, those granted to a ticket that has not been polled since included.
    in_flight: usize,
    next_ticket: u64,
    /// Ordered by ticket, as tickets are numbered in the order in which they come.
    queue: VecDeque<Waiting>,
    /// Tickets that have a place and do not know it yet.
    granted: Vec<u64>,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    waker: Option<Waker>,
}

impl Bulkhead {
    /// Creates an empty bulkhead.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the configuration is not valid.
    pub fn new(config: BulkheadConfig) -> Result<Self> {
        Ok(Self::from_valid(&config.validate()?))
    }

    /// Creates an empty bulkhead from a configuration that has been validated.
    pub(crate) fn from_valid(config: &BulkheadConfig) -> Self {
        Self {
            max_in_flight: usize::try_from(config.max_in_flight).unwrap_or(usize::MAX),
            max_queue: usize::try_from(config.max_queue).unwrap_or(usize::MAX),
            state: Mutex::default(),
        }
    }

    /// Gives the call a place, or a ticket for the queue.
    ///
    /// # Errors
    ///
    /// [`Denied`] without a time when the queue is full too.
    pub fn admit(self: &Arc<Self>) -> Result<Admission, Denied> {
        let mut state = self.state.lock();
        if state.in_flight < self.max_in_flight {
            state.in_flight += 1;
            return Ok(Admission::Run(Place(Arc::clone(self))));
        }
        if state.queue.len() >= self.max_queue {
            return Err(Denied::unknown());
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.queue.push_back(Waiting {
            ticket,
            waker: None,
        });
        Ok(Admission::Wait(Ticket {
            bulkhead: Arc::clone(self),
            number: Some(ticket),
        }))
    }

    /// Returns how many calls run and how many wait.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.in_flight, state.queue.len())
    }

    /// Passes a place on to the first in the queue, or frees it.
    fn release(&self) {
        let waker = {
            let mut state = self.state.lock();
            let Some(next) = state.queue.pop_front() else {
                state.in_flight -= 1;
                return;
            };
            state.granted.push(next.ticket);
            next.waker
        };
        // Woken outside the lock: a waker may run code of its own.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl State {
    fn take_grant(&mut self, ticket: u64) -> bool {
        let found = self.granted.iter().position(|granted| *granted == ticket);
        found.map(|place| self.granted.swap_remove(place)).is_some()
    }

    fn find(&self, ticket: u64) -> Option<usize> {
        self.queue
            .binary_search_by_key(&ticket, |waiting| waiting.ticket)
            .ok()
    }
}

/// The right to run; dropped, it goes to the next in the queue.
#[derive(Debug)]
#[must_use = "dropping it gives the place away"]
pub struct Place(Arc<Bulkhead>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// A place in the queue, which resolves to a [`Place`]; dropped, it leaves the queue.
#[derive(Debug)]
#[must_use = "dropping it leaves the queue"]
pub struct Ticket {
    bulkhead: Arc<Bulkhead>,
    /// Taken when it has become a place.
    number: Option<u64>,
}

impl Future for Ticket {
    type Output = Place;

    /// Stays pending for ever once it has resolved.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Place> {
        let Some(number) = self.number else {
            return Poll::Pending;
        };
        let mut state = self.bulkhead.state.lock();
        if state.take_grant(number) {
            drop(state);
            self.number = None;
            return Poll::Ready(Place(Arc::clone(&self.bulkhead)));
        }
        if let Some(place) = state.find(number) {
            state.queue[place].waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let granted = {
            let mut state = self.bulkhead.state.lock();
            if let Some(place) = state.find(number) {
                state.queue.remove(place);
            }
            state.take_grant(number)
        };
        if granted {
            self.bulkhead.release();
        }
    }
}
