//! What an error remembers of one attempt.

use std::time::Duration;

use super::ErrorKind;

/// One failed attempt of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// How it failed.
    pub kind: ErrorKind,
    /// The HTTP status, if the server answered.
    pub status: Option<u16>,
    /// How long it took, waits excluded.
    pub elapsed: Duration,
    /// How long the call waited before it.
    pub waited: Duration,
    /// What the server asked to wait after it.
    pub hint: Option<Duration>,
}
