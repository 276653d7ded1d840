//! Notices calls that are made inside an attempt of another call: their attempts multiply.

use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering},
};

use super::shared::Policies;
use crate::observer::Happening;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this client has said so already.
#[derive(Debug, Default)]
pub(super) struct Noted(AtomicBool);

/// Polls an attempt. What it begins in this thread, it begins inside.
pub(super) fn inside<T>(poll: impl FnOnce() -> T) -> T {
    /// Puts back what was before, also when the attempt panics.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            INSIDE.set(self.0);
        }
    }
    let _before = Before(INSIDE.replace(true));
    poll()
}

impl Policies {
    /// Tells once in the life of a client that one of its calls, which may retry, was made inside
    /// an attempt of another.
    pub(super) fn note_nested(&self, operation: &str, max_attempts: u32) {
        let is_nested = INSIDE.get() && max_attempts > 1;
        if !is_nested || self.common.nested.0.swap(true, Ordering::Relaxed) {
            return;
        }
        let key = &*self.key;
        tracing::warn!(
            operation,
            key,
            "a call that retries is made inside an attempt of another: their attempts multiply; \
             give one of the two a single attempt"
        );
        self.common.emit(operation, key, Happening::Nested);
    }
}
