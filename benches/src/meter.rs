//! Processor time of threads.
//!
//! The wall clock is read beside it for what a thread waits for others at a lock, which costs no
//! processor time; on a machine with other work it counts that work too.

use std::{sync::Barrier, thread, time::Duration};

use integration_core::{Clock as _, SystemClock};
use rustix::time::{ClockId, clock_gettime};

use crate::row::{Maker, Run};

/// What some operations took.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// Processor time of the thread.
    pub cpu: Duration,
    /// Time from the first to the last.
    pub wall: Duration,
}

/// Returns what `run` takes the calling thread for so many operations.
pub fn one(run: &mut Run, operations: u64) -> Spent {
    let (before, began) = (thread_time(), SystemClock.now());
    run(operations);
    Spent {
        cpu: thread_time() - before,
        wall: SystemClock.now() - began,
    }
}

/// Returns what it takes each of two threads that run so many operations at once, their mean.
pub fn two(make: &Maker, operations: u64) -> Spent {
    let start = Barrier::new(2);
    let timed = || {
        let mut run = make();
        // Fills caches and grows what grows once.
        run(64);
        start.wait();
        one(&mut run, operations)
    };
    let [one, other] = thread::scope(|scope| {
        let threads = [scope.spawn(timed), scope.spawn(timed)];
        threads.map(|thread| thread.join().unwrap())
    });
    Spent {
        cpu: (one.cpu + other.cpu) / 2,
        wall: (one.wall + other.wall) / 2,
    }
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("processor time is not negative")
}
