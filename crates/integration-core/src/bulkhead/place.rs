//! What callers hold: a place, or a ticket for one.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use super::{Bulkhead, Entry, Pass, Priority, Turn};
use crate::admission::Denied;

/// What a call gets that is not refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum Admission {
    /// It may run.
    Run(Place),
    /// It waits its turn.
    Wait(Ticket),
}

impl Bulkhead {
    /// Gives the call a place, or a ticket for the queue, at normal priority.
    ///
    /// # Errors
    ///
    /// [`Denied`] without a time when the queue is full too.
    pub fn admit(self: &Arc<Self>) -> Result<Admission, Denied> {
        self.admit_with(Priority::Normal)
    }

    /// Gives the call a place, or a ticket for the queue.
    ///
    /// # Errors
    ///
    /// [`Denied`] without a time when the queue is full too, whatever the priority.
    pub fn admit_with(self: &Arc<Self>, priority: Priority) -> Result<Admission, Denied> {
        Ok(match self.enter(priority)? {
            Entry::Run(pass) => Admission::Run(Place {
                bulkhead: Arc::clone(self),
                pass,
            }),
            Entry::Wait(turn) => Admission::Wait(Ticket {
                bulkhead: Arc::clone(self),
                turn: Some(turn),
            }),
        })
    }
}

/// The right to run; dropped, it goes to the next in the queue.
#[derive(Debug)]
#[must_use = "dropping it gives the place away"]
pub struct Place {
    bulkhead: Arc<Bulkhead>,
    pass: Pass,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.bulkhead.leave(self.pass);
    }
}

/// A place in the queue, which resolves to a [`Place`]; dropped, it leaves the queue.
#[derive(Debug)]
#[must_use = "dropping it leaves the queue"]
pub struct Ticket {
    bulkhead: Arc<Bulkhead>,
    /// Taken when it has become a place.
    turn: Option<Turn>,
}

impl Future for Ticket {
    type Output = Place;

    /// Stays pending for ever once it has resolved.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Place> {
        let Some(turn) = self.turn else {
            return Poll::Pending;
        };
        let pass = ready!(self.bulkhead.poll_turn(turn, cx));
        self.turn = None;
        Poll::Ready(Place {
            bulkhead: Arc::clone(&self.bulkhead),
            pass,
        })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(turn) = self.turn {
            self.bulkhead.abandon(turn);
        }
    }
}
