//! What can be replaced while calls run.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use parking_lot::{Mutex, RwLock};

/// A value that is read without a lock as long as nobody has replaced it.
///
/// Most programs never do, and calls are too quick to pay for what they do not use.
pub(super) struct Current<T> {
    first: T,
    is_replaced: AtomicBool,
    latest: RwLock<Option<Arc<T>>>,
    /// Held while a successor is made of the present value, so that none is lost.
    replacing: Mutex<()>,
}

impl<T> Current<T> {
    pub(super) fn new(first: T) -> Self {
        Self {
            first,
            is_replaced: AtomicBool::new(false),
            latest: RwLock::default(),
            replacing: Mutex::default(),
        }
    }

    /// Returns what there was to begin with.
    #[inline]
    pub(super) fn first(&self) -> &T {
        &self.first
    }

    /// Lends the present value. It must not be replaced meanwhile by the same thread.
    #[inline]
    pub(super) fn read<R>(&self, use_it: impl FnOnce(&T) -> R) -> R {
        if !self.is_replaced.load(Ordering::Acquire) {
            return use_it(&self.first);
        }
        self.read_latest(use_it)
    }

    /// Kept out of the way of those who never replace anything.
    #[cold]
    #[inline(never)]
    fn read_latest<R>(&self, use_it: impl FnOnce(&T) -> R) -> R {
        match &*self.latest.read() {
            Some(latest) => use_it(latest),
            None => use_it(&self.first),
        }
    }

    /// Puts what `make` makes of the present value in its place. Readers go on meanwhile.
    pub(super) fn replace<E>(&self, make: impl FnOnce(&T) -> Result<T, E>) -> Result<(), E> {
        let _one_at_a_time = self.replacing.lock();
        let present = self.latest.read().clone();
        let next = make(present.as_deref().unwrap_or(&self.first))?;
        let before = self.latest.write().replace(Arc::new(next));
        self.is_replaced.store(true, Ordering::Release);
        // Not under the lock: it may be large.
        drop(before);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Current;

    #[test]
    fn the_present_value_is_what_was_put_last() {
        let current = Current::new(1);
        assert_eq!(current.read(|value| *value), 1);
        for expected in 2..5 {
            let replaced = current.replace(|value| Ok::<_, ()>(value + 1));
            assert_eq!(replaced, Ok(()));
            assert_eq!(current.read(|value| *value), expected);
        }
        assert_eq!(*current.first(), 1);
    }

    #[test]
    fn a_successor_that_cannot_be_made_leaves_the_value_as_it_is() {
        let current = Current::new(1);
        assert_eq!(current.replace(|_| Err("no")), Err("no"));
        assert_eq!(current.read(|value| *value), 1);
    }

    #[test]
    fn no_successor_is_lost_when_many_are_made_at_once() {
        let current = Current::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let _ = current.replace(|value| Ok::<_, ()>(value + 1));
                    }
                });
            }
        });
        assert_eq!(current.read(|value| *value), 2_000);
    }
}
