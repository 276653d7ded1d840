//! Processor time of threads.
//!
//! The wall clock is read beside it for what a thread waits for others at a lock, which costs no
//! processor time; on a machine with other work it counts that work too.

use std::{sync::Barrier, thread, time::Duration};

use integration_core::{Clock as _, SystemClock};
use rustix::time::{ClockId, clock_gettime};

use crate::row::{Maker, Row, Run};

/// What some operations took.
#[derive(Clone, Copy, Debug, Default)]
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

/// Times that two threads wait for each other in one turn.
const MEETINGS: u64 = 50;

/// Returns what it takes each of two threads that run so many operations at once, their mean.
///
/// They meet now and then, outside of what is measured: else the one that other work has held up
/// would run the rest of its turn alone.
pub fn two(make: &Maker, operations: u64) -> Spent {
    let meeting = Barrier::new(2);
    let between = (operations / MEETINGS).next_multiple_of(Row::GRAIN);
    let timed = || {
        let mut run = make();
        // Fills caches and grows what grows once.
        run(Row::GRAIN);
        let mut spent = Spent::default();
        let mut left = operations;
        while left > 0 {
            let part = left.min(between);
            left -= part;
            meeting.wait();
            let more = one(&mut run, part);
            spent.cpu += more.cpu;
            spent.wall += more.wall;
        }
        spent
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
