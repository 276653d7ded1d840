//! How long things are kept.

use std::time::Duration;

/// How long what is finished is kept, counted from when it finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Bodies, deliveries and attempts of what was delivered or dropped. Default: 7 days.
    pub done: Duration,
    /// The same of dead letters. Default: 30 days.
    pub dead: Duration,
    /// The emptied rows that recognise duplicates, counted from receipt. Default: 90 days.
    pub keys: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self {
            done: 7 * DAY,
            dead: 30 * DAY,
            keys: 90 * DAY,
        }
    }
}
