//! Where a delivery stands.

use std::{fmt, str::FromStr};

use integration_core::{Error, ErrorKind};

/// Where a delivery stands. `done`, `dead` and `dropped` are finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DeliveryState {
    /// Can be claimed once it is due.
    Ready = 0,
    /// Waits for an unfinished delivery with the same route and order key.
    Blocked = 1,
    /// A worker has it until its lease runs out.
    Leased = 2,
    /// Delivered.
    Done = 3,
    /// Given up, with its history kept; it can be replayed or dropped.
    Dead = 4,
    /// Given up by hand.
    Dropped = 5,
}

impl DeliveryState {
    /// Every state, in order.
    pub const ALL: [Self; 6] = [
        Self::Ready,
        Self::Blocked,
        Self::Leased,
        Self::Done,
        Self::Dead,
        Self::Dropped,
    ];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Blocked => "blocked",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Dropped => "dropped",
        }
    }

    /// Returns whether nothing more happens to it by itself.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Done | Self::Dead | Self::Dropped)
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeliveryState {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| {
                Error::new(ErrorKind::Validation, "events.state.parse")
                    .with_message("a state is ready, blocked, leased, done, dead or dropped")
            })
    }
}
