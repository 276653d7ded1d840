//! The state machine of the bulkhead.

use std::{
    sync::atomic::AtomicUsize,
    task::{Context, Poll, Waker},
};

use super::{
    BulkheadConfig, Priority,
    queue::{Queue, Turn},
    word::{MAX_PLACES, Word},
};
use crate::{
    admission::Denied,
    config::invalid,
    error::Result,
    sync::{AtomicU64, Mutex, Ordering},
};

/// Bounds the calls that run at once. See the [module](super).
#[derive(Debug)]
pub struct Bulkhead {
    max_queue: AtomicUsize,
    /// A [`Word`]. Places granted to a turn that has not been polled since count as taken, and so
    /// does, for an instant, what a caller took that was not there.
    word: AtomicU64,
    /// Not empty exactly while the word says so. Then whoever gives a place back also serves the
    /// queue, so that no place stays free while someone waits.
    queue: Mutex<Queue>,
}

/// What a call gets that is not refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry {
    /// It may run, until it leaves.
    Run(Pass),
    /// It waits its turn, until that is a pass or abandoned.
    Wait(Turn),
}

/// A place that is taken. To be given to [`Bulkhead::leave`] exactly once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass(());

impl Bulkhead {
    /// Creates an empty bulkhead.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the configuration is not valid.
    pub fn new(config: BulkheadConfig) -> Result<Self> {
        Ok(Self::from_valid(&config.validate()?))
    }

    /// Creates an empty bulkhead from a configuration that has been validated.
    pub(crate) fn from_valid(config: &BulkheadConfig) -> Self {
        Self {
            max_queue: AtomicUsize::new(places(config.max_queue)),
            word: AtomicU64::new(Word::new(config.max_in_flight).0),
            queue: Mutex::default(),
        }
    }

    /// Returns how many calls run and how many wait.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        let queue = self.queue.lock();
        let in_flight = usize::try_from(self.word().in_flight()).unwrap_or(usize::MAX);
        (in_flight, queue.len())
    }

    /// Returns how many calls run, without taking a lock.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        u32::try_from(self.word().in_flight()).unwrap_or(u32::MAX)
    }

    /// Returns how many calls may run at once, without taking a lock.
    #[must_use]
    pub fn max_in_flight(&self) -> u32 {
        u32::try_from(self.word().max()).unwrap_or(u32::MAX)
    }

    /// Changes how many calls run at once, while calls are running.
    ///
    /// More places go to those who wait. Fewer interrupt nobody: places are not given out again
    /// until fewer calls run than may.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for 0 and for more than 1,000,000,000.
    pub fn set_max_in_flight(&self, calls: u32) -> Result<()> {
        if calls == 0 || calls > MAX_PLACES {
            let rule = "must be 1 to 1000000000";
            return Err(invalid("bulkhead.max_in_flight", rule));
        }
        self.resize(calls).into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Takes over another configuration, which has been validated, while calls are running.
    ///
    /// A shorter queue turns nobody away who waits in it.
    pub(crate) fn reconfigure(&self, config: &BulkheadConfig) {
        self.max_queue
            .store(places(config.max_queue), Ordering::Relaxed);
        self.resize(config.max_in_flight)
            .into_iter()
            .for_each(Waker::wake);
    }

    /// Gives the call a place, or a turn in the queue.
    ///
    /// It takes the place first and looks then, which is one atomic operation where all is well. A
    /// place that was not there is given back like any other, so whoever met it in between is served.
    ///
    /// # Errors
    ///
    /// [`Denied`] without a time when the queue is full too.
    pub(crate) fn enter(&self, priority: Priority) -> Result<Entry, Denied> {
        if Word(self.word.fetch_add(1, Ordering::Acquire)).is_free() {
            return Ok(Entry::Run(Pass(())));
        }
        if self.max_queue.load(Ordering::Relaxed) == 0 {
            self.leave(Pass(()));
            return Err(Denied::unknown());
        }
        self.enter_queue(priority)
    }

    /// Gives the call a place if one is free, and never a turn.
    #[inline]
    pub(crate) fn enter_now(&self) -> Option<Pass> {
        if Word(self.word.fetch_add(1, Ordering::Acquire)).is_free() {
            return Some(Pass(()));
        }
        self.leave(Pass(()));
        None
    }

    /// Gives a place back: to the next in the queue, if there is one.
    #[inline]
    pub(crate) fn leave(&self, _pass: Pass) {
        if Word(self.word.fetch_sub(1, Ordering::Release)).is_queued() {
            self.serve_queue();
        }
    }

    /// Resolves when the turn has come; pending for ever when it was resolved or abandoned before.
    pub(crate) fn poll_turn(&self, turn: Turn, cx: &Context<'_>) -> Poll<Pass> {
        let forgotten = {
            let mut queue = self.queue.lock();
            if queue.take_grant(turn) {
                return Poll::Ready(Pass(()));
            }
            queue.wait(turn, cx.waker())
        };
        drop(forgotten);
        Poll::Pending
    }

    /// Gives up waiting. A place that came in the meantime goes to the next.
    pub(crate) fn abandon(&self, turn: Turn) {
        let mut queue = self.queue.lock();
        let granted = queue.take_grant(turn);
        let forgotten = queue.remove(turn);
        if forgotten.is_some() && queue.is_empty() {
            self.word.fetch_and(Word::UNQUEUED, Ordering::Relaxed);
        }
        drop(queue);
        drop(forgotten);
        if granted {
            self.leave(Pass(()));
        }
    }

    /// [`set_max_in_flight`](Self::set_max_in_flight) for numbers that are known to be good.
    /// Returns whom to wake, which a caller who holds a lock does when it holds none.
    #[must_use = "who is not woken waits for ever"]
    pub(crate) fn resize(&self, calls: u32) -> Vec<Waker> {
        let mut queue = self.queue.lock();
        let mut word = self.word();
        while let Err(current) = self.replace(word, word.with_max(calls)) {
            word = current;
        }
        self.serve(&mut queue)
    }

    #[cold]
    fn enter_queue(&self, priority: Priority) -> Result<Entry, Denied> {
        let (entry, wakers) = {
            let mut queue = self.queue.lock();
            self.word.fetch_sub(1, Ordering::Release);
            let wakers = self.serve(&mut queue);
            (self.enter_locked(priority, &mut queue), wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
        entry
    }

    fn enter_locked(&self, priority: Priority, queue: &mut Queue) -> Result<Entry, Denied> {
        let mut word = self.word();
        loop {
            let next = if word.is_free() {
                word.taken()
            } else if queue.len() >= self.max_queue.load(Ordering::Relaxed) {
                return Err(Denied::unknown());
            } else {
                word.queued()
            };
            // Fails when a place came free since the word was read, which then must not be missed.
            match self.replace(word, next) {
                Ok(()) if next.is_queued() => return Ok(Entry::Wait(queue.push(priority))),
                Ok(()) => return Ok(Entry::Run(Pass(()))),
                Err(current) => word = current,
            }
        }
    }

    #[cold]
    fn serve_queue(&self) {
        // Woken outside the lock: a waker may run code of its own.
        let wakers = self.serve(&mut self.queue.lock());
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Gives the places that are free to those who wait; returns whom to wake.
    fn serve(&self, queue: &mut Queue) -> Vec<Waker> {
        let mut wakers = Vec::new();
        let mut word = self.word();
        while word.is_queued() && word.in_flight() < word.max() {
            let next = match queue.len() {
                ..=1 => word.taken().unqueued(),
                _ => word.taken(),
            };
            match self.replace(word, next) {
                Ok(()) => {
                    wakers.extend(queue.grant());
                    word = next;
                }
                Err(current) => word = current,
            }
        }
        wakers
    }

    fn word(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    fn replace(&self, current: Word, next: Word) -> std::result::Result<(), Word> {
        self.word
            .compare_exchange_weak(current.0, next.0, Ordering::AcqRel, Ordering::Acquire)
            .map(|_| ())
            .map_err(Word)
    }
}

fn places(calls: u32) -> usize {
    usize::try_from(calls).unwrap_or(usize::MAX)
}
