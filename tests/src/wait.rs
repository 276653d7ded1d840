//! Waiting with a bound.

use std::time::Duration;

use integration_core::{Clock as _, SystemClock};
use tokio::time::sleep;

/// Time between two looks.
const STEP: Duration = Duration::from_millis(10);

/// Waits until `is_so`, at most `within`.
///
/// # Panics
///
/// When the time is up; the message names `what` was waited for.
pub async fn until(what: &str, within: Duration, mut is_so: impl FnMut() -> bool) {
    let began = SystemClock.now();
    while !is_so() {
        assert!(
            SystemClock.now() - began < within,
            "not within {within:?}: {what}"
        );
        sleep(STEP).await;
    }
}

/// Tries until `is_ok`, at most `within`.
///
/// # Panics
///
/// When the time is up; the message names `what` was waited for.
pub async fn until_ok(what: &str, within: Duration, mut is_ok: impl AsyncFnMut() -> bool) {
    let began = SystemClock.now();
    while !is_ok().await {
        assert!(
            SystemClock.now() - began < within,
            "not within {within:?}: {what}"
        );
        sleep(STEP).await;
    }
}
