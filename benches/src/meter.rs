//! Processor time of threads.
//!
//! Not the wall clock: on a machine with other work it counts the work of others too.

use std::{sync::Barrier, thread, time::Duration};

use rustix::time::{ClockId, clock_gettime};

use crate::row::{Maker, Run};

/// Returns the processor time that `run` takes of the calling thread for so many operations.
pub fn one(run: &mut Run, operations: u64) -> Duration {
    let before = thread_time();
    run(operations);
    thread_time() - before
}

/// Returns the processor time a thread, where two of them run so many operations each at once.
pub fn two(make: &Maker, operations: u64) -> Duration {
    let start = Barrier::new(2);
    let timed = || {
        let mut run = make();
        // Connects, fills caches and grows what grows once.
        run(64);
        start.wait();
        one(&mut run, operations)
    };
    let both: Duration = thread::scope(|scope| {
        let threads = [scope.spawn(timed), scope.spawn(timed)];
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    });
    both / 2
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("processor time is not negative")
}
