//! The interleavings of a few threads on the fast path. Run with `RUSTFLAGS="--cfg loom" cargo test
//! -p integration-core --no-default-features --release --lib loom`; tokio has no network under loom,
//! so there is no HTTP then.
//!
//! A place that is lost or a wake-up that is missed shows as a deadlock, which loom reports.

use std::{future::poll_fn, sync::Arc};

use loom::{future::block_on, sync::atomic::AtomicUsize, thread};

use super::{Bulkhead, BulkheadConfig, Entry, Pass, Priority};
use crate::sync::Ordering;

fn bulkhead(places: u32, queue: u32) -> Arc<Bulkhead> {
    let config = BulkheadConfig::default()
        .with_max_in_flight(places)
        .with_max_queue(queue);
    Arc::new(Bulkhead::new(config).unwrap())
}

/// Tries every interleaving in which a thread is interrupted at most so often where it did not
/// have to wait: without a bound three threads take hours.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(run);
}

/// Waits as long as it takes.
fn pass(bulkhead: &Bulkhead, priority: Priority) -> Pass {
    match bulkhead.enter(priority).unwrap() {
        Entry::Run(pass) => pass,
        Entry::Wait(turn) => block_on(poll_fn(|cx| bulkhead.poll_turn(turn, cx))),
    }
}

#[test]
fn threads_that_come_and_go_never_exceed_the_places_and_all_get_one() {
    model(|| {
        let (bulkhead, running) = (bulkhead(1, 2), Arc::new(AtomicUsize::new(0)));
        let call = |priority| {
            let (bulkhead, running) = (Arc::clone(&bulkhead), Arc::clone(&running));
            move || {
                let pass = pass(&bulkhead, priority);
                assert_eq!(running.fetch_add(1, Ordering::Relaxed), 0);
                running.fetch_sub(1, Ordering::Relaxed);
                bulkhead.leave(pass);
            }
        };
        let others = [Priority::Low, Priority::High].map(|priority| thread::spawn(call(priority)));
        call(Priority::Normal)();
        for thread in others {
            thread.join().unwrap();
        }
        assert_eq!(bulkhead.load(), (0, 0));
    });
}

#[test]
fn a_place_that_comes_to_someone_who_gives_up_goes_on() {
    model(|| {
        let bulkhead = bulkhead(1, 2);
        let first = pass(&bulkhead, Priority::Normal);
        let impatient = {
            let bulkhead = Arc::clone(&bulkhead);
            thread::spawn(move || match bulkhead.enter(Priority::High).unwrap() {
                Entry::Run(pass) => bulkhead.leave(pass),
                Entry::Wait(turn) => bulkhead.abandon(turn),
            })
        };
        let patient = {
            let bulkhead = Arc::clone(&bulkhead);
            thread::spawn(move || {
                let pass = pass(&bulkhead, Priority::Low);
                bulkhead.leave(pass);
            })
        };
        bulkhead.leave(first);
        impatient.join().unwrap();
        patient.join().unwrap();
        assert_eq!(bulkhead.load(), (0, 0));
    });
}

#[test]
fn a_change_of_size_loses_no_place_and_forgets_nobody() {
    model(|| {
        let bulkhead = bulkhead(2, 2);
        let first = pass(&bulkhead, Priority::Normal);
        let shrink = {
            let bulkhead = Arc::clone(&bulkhead);
            thread::spawn(move || bulkhead.set_max_in_flight(1).unwrap())
        };
        let caller = {
            let bulkhead = Arc::clone(&bulkhead);
            thread::spawn(move || {
                let pass = pass(&bulkhead, Priority::Normal);
                bulkhead.leave(pass);
            })
        };
        bulkhead.leave(first);
        shrink.join().unwrap();
        caller.join().unwrap();
        assert_eq!((bulkhead.load(), bulkhead.max_in_flight()), ((0, 0), 1));
    });
}

#[test]
fn more_places_go_to_those_who_wait() {
    model(|| {
        let bulkhead = bulkhead(1, 2);
        // Kept until the end: only the change can let the other in.
        let first = pass(&bulkhead, Priority::Normal);
        let caller = {
            let bulkhead = Arc::clone(&bulkhead);
            thread::spawn(move || {
                let pass = pass(&bulkhead, Priority::Normal);
                bulkhead.leave(pass);
            })
        };
        bulkhead.set_max_in_flight(2).unwrap();
        caller.join().unwrap();
        bulkhead.leave(first);
        assert_eq!(bulkhead.load(), (0, 0));
    });
}
