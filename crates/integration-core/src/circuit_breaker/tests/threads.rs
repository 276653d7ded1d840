//! Many threads on one breaker.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use parking_lot::Mutex;

use super::{SECOND, breaker_of, config, open, start};
use crate::{
    circuit_breaker::{
        CircuitMode, CircuitState, Settled,
        gate::{AtomicGate, Waiting, Way},
    },
    error::Health::{Failure, Neutral, Success},
};

const THREADS: u64 = 4;

#[test]
fn no_result_is_lost_between_threads() {
    let windows = [
        (config().with_window(10_000, 10_000), 2_000),
        (config().with_time_window(SECOND * 60, u16::MAX), 5_000),
    ];
    for (config, calls) in windows {
        let (breaker, start, together) = (breaker_of(config), start(), Barrier::new(4));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    together.wait();
                    for i in 0..calls {
                        let now = start + Duration::from_millis(i);
                        let health = if i % 50 == 0 { Failure } else { Success };
                        let settled = breaker.admit(now).unwrap().settle(health, now);
                        assert_eq!(settled, Settled::Counted);
                    }
                });
            }
        });
        let metrics = breaker.metrics(start);
        let counted = (metrics.results, metrics.failures);
        assert_eq!(counted, (THREADS * calls, THREADS * calls / 50));
    }
}

#[test]
fn no_waiting_result_is_lost_between_threads() {
    let (gate, lock, together) = (AtomicGate::new(Way::Free), Mutex::new(0), Barrier::new(4));
    let through = gate.read();
    let added: u64 = thread::scope(|scope| {
        let add = || {
            let mut added = 0;
            together.wait();
            for _ in 0..1_000_000 {
                match gate.add_good(through) {
                    Waiting::Added => added += 1,
                    Waiting::Full => {
                        // Locked first: two may not take at once.
                        let mut taken = lock.lock();
                        *taken += gate.take_good();
                    }
                    Waiting::Stale => panic!("nobody changes the gate"),
                }
            }
            added
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(add)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(lock.into_inner() + gate.take_good(), added);
}

#[test]
fn threads_that_give_up_their_probes_leave_every_slot_free() {
    const PROBES: u16 = 3;
    let (breaker, now) = (breaker_of(config().with_probes(PROBES)), start());
    open(&breaker, now);
    let later = now + SECOND;
    let (running, admitted) = (AtomicU16::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for i in 0..5_000 {
                    let Ok(permit) = breaker.admit(later) else {
                        thread::yield_now();
                        continue;
                    };
                    assert!(running.fetch_add(1, Ordering::SeqCst) < PROBES);
                    admitted.fetch_add(1, Ordering::Relaxed);
                    thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    match i % 2 {
                        0 => drop(permit),
                        _ => assert_eq!(permit.settle(Neutral, later), Settled::Neutral),
                    }
                }
            });
        }
    });
    assert!(admitted.into_inner() > u64::from(PROBES));
    let probes: Vec<_> = (0..PROBES).map(|_| breaker.admit(later).unwrap()).collect();
    assert!(breaker.admit(later).is_err());
    for probe in probes {
        probe.settle(Success, later);
    }
    assert_eq!(breaker.state(later), CircuitState::Closed);
}

#[test]
fn each_change_is_reported_once_whatever_the_threads_do() {
    let (breaker, origin) = (breaker_of(config().with_probes(2)), start());
    let [opened, probed, closed] = [const { AtomicU64::new(0) }; 3];
    let seconds = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (breaker, opened, probed, closed) = (&breaker, &opened, &probed, &closed);
            let seconds = &seconds;
            scope.spawn(move || {
                let mut rng = fastrand::Rng::with_seed(thread);
                for _ in 0..5_000 {
                    let now =
                        origin + SECOND * u32::try_from(seconds.load(Ordering::Relaxed)).unwrap();
                    let Ok(permit) = breaker.admit(now) else {
                        seconds.fetch_add(1, Ordering::Relaxed);
                        continue;
                    };
                    let counter = |to| match to {
                        CircuitState::Open => opened,
                        CircuitState::HalfOpen => probed,
                        CircuitState::Closed => closed,
                    };
                    if let Some(to) = permit.changed() {
                        counter(to).fetch_add(1, Ordering::Relaxed);
                    }
                    if rng.u8(..10) == 0 {
                        drop(permit);
                        continue;
                    }
                    let health = if rng.bool() { Failure } else { Success };
                    if let Settled::Changed(to) = permit.settle(health, now) {
                        counter(to).fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let [opened, probed, closed] = [opened, probed, closed].map(AtomicU64::into_inner);
    assert!(closed > 0, "the circuit never closed again");
    // From open it goes to half open only, and comes to half open from there only.
    let now = origin + SECOND * 1_000_000;
    let end = breaker.snapshot(origin);
    let is_open = u64::from(end.state == CircuitState::Open);
    assert_eq!(opened, probed + is_open);
    assert!(probed >= closed);
    // All permits are gone: whatever the state, probes close it.
    while breaker.state(now) != CircuitState::Closed {
        breaker.admit(now).unwrap().settle(Success, now);
    }
    assert_eq!(breaker.mode(), CircuitMode::Automatic);
}
