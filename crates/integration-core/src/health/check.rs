//! Active checks.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::error::{ErrorKind, Result};

/// Finds out whether a service is usable now.
///
/// A check should be cheap and harmless, and should not be made through a circuit breaker or with
/// retries: one honest attempt. The registry gives it a deadline; it is dropped when that has
/// passed.
pub trait HealthCheck: Send + Sync + 'static {
    /// Makes the check.
    ///
    /// # Errors
    ///
    /// Whatever speaks against the service. Only its kind is kept.
    fn check(&self) -> impl Future<Output = Result<()>> + Send;
}

/// A check that runs, and how it ended: `None` for success.
pub(super) type Running = Pin<Box<dyn Future<Output = Option<ErrorKind>> + Send>>;

/// [`HealthCheck`] as an object, so that a registry holds checks of all types.
pub(super) trait DynCheck: Send + Sync {
    /// Makes the check within a deadline.
    fn run(self: std::sync::Arc<Self>, deadline: Duration) -> Running;
}

impl<C: HealthCheck> DynCheck for C {
    fn run(self: std::sync::Arc<Self>, deadline: Duration) -> Running {
        Box::pin(async move {
            match tokio::time::timeout(deadline, self.check()).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.kind()),
                Err(_) => Some(ErrorKind::DeadlineExceeded),
            }
        })
    }
}

/// Runs checks, a few at once, and hands each result on as it comes.
pub(super) struct Checks<T, F> {
    pub(super) waiting: VecDeque<(T, Box<dyn FnOnce() -> Running + Send>)>,
    pub(super) running: Vec<(T, Running)>,
    pub(super) max: usize,
    pub(super) on_result: F,
}

impl<T: Unpin, F: FnMut(&T, Option<ErrorKind>) + Unpin> Future for Checks<T, F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            while this.running.len() < this.max
                && let Some((name, start)) = this.waiting.pop_front()
            {
                this.running.push((name, start()));
            }
            let before = this.running.len();
            let on_result = &mut this.on_result;
            this.running
                .retain_mut(|(name, check)| match poll_check(check, cx) {
                    Poll::Pending => true,
                    Poll::Ready(result) => {
                        on_result(name, result);
                        false
                    }
                });
            if this.running.is_empty() && this.waiting.is_empty() {
                return Poll::Ready(());
            }
            // A place that became free is taken at once, as nothing else would wake us.
            if this.running.len() == before || this.waiting.is_empty() {
                return Poll::Pending;
            }
        }
    }
}

/// A check that panics has failed; the others go on.
fn poll_check(check: &mut Running, cx: &mut Context<'_>) -> Poll<Option<ErrorKind>> {
    catch_unwind(AssertUnwindSafe(|| check.as_mut().poll(cx)))
        .unwrap_or(Poll::Ready(Some(ErrorKind::Other)))
}

/// Runs checks again and again until it is dropped.
#[cfg(feature = "http")]
#[derive(Debug)]
#[must_use = "the checks end when this is dropped"]
pub struct CheckTask(pub(super) tokio::task::JoinHandle<()>);

#[cfg(feature = "http")]
impl Drop for CheckTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}
