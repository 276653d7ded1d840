//! What is driven.

use std::{borrow::Cow, time::Duration};

use tokio::time::Instant;

use super::call::{CallState, Held};
use crate::{
    classify::{Call, Verdict},
    config::MAX_DURATION,
    error::{Error, Result},
};

/// One logical call that can be attempted several times.
pub(crate) trait Operation {
    /// What one attempt gives.
    type Raw;
    /// What the call gives.
    type Output;
    /// One attempt. Dropped when it times out.
    type Future: Future<Output = Self::Raw>;

    /// Begins the call.
    fn open(&mut self) -> CallState;

    /// Begins an attempt.
    fn start(&mut self, attempt: AttemptContext) -> Self::Future;

    /// Says what an attempt means.
    fn judge(&mut self, call: &Call<'_>, raw: &Self::Raw) -> Verdict;

    /// Ends the call with its last attempt, which was judged a success.
    fn succeed(&mut self, raw: Self::Raw, report: impl FnOnce() -> Report) -> Result<Self::Output>;

    /// Ends the call with its last attempt; `None` when there is none or it was cut off.
    fn fail(&mut self, raw: Option<Self::Raw>, error: Error) -> Result<Self::Output>;
}

/// What an attempt may know of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptContext {
    /// Its number, from 1.
    pub(crate) number: u32,
    /// How many there are at most.
    pub(crate) max: u32,
    pub(super) started: Instant,
    pub(super) timeout: Duration,
    pub(super) deadline: Instant,
}

impl AttemptContext {
    /// When it is cut off. Asked for by those that have to wait, so not before.
    pub(crate) fn end(&self) -> Instant {
        let timeout = self.timeout.min(MAX_DURATION);
        self.deadline.min(self.started + timeout)
    }
}

/// How a successful call went.
#[cfg_attr(
    not(feature = "http"),
    expect(dead_code, reason = "only an HTTP response tells it")
)]
pub(crate) struct Report {
    pub(crate) operation: Cow<'static, str>,
    pub(crate) attempts: u32,
    /// When the call began.
    pub(crate) started: Instant,
    /// When it had to be over.
    pub(crate) deadline: Instant,
    /// The place in the bulkhead of a call that keeps it.
    pub(crate) held: Option<Held>,
}
