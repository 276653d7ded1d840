//! The atomics and locks of the lock-free paths, which loom replaces in its models.

#[cfg(not(all(test, loom)))]
pub(crate) use {
    parking_lot::Mutex,
    std::sync::atomic::{AtomicU64, Ordering},
};

#[cfg(all(test, loom))]
pub(crate) use {
    loom::sync::atomic::{AtomicU64, Ordering},
    model::Mutex,
};

#[cfg(all(test, loom))]
mod model {
    use loom::sync::MutexGuard;

    /// Loom's lock with the signature of the one that we run with.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("a model does not panic")
        }
    }
}
