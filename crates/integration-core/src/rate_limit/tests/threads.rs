//! Threads that ask at the same time.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::time::Instant;

use super::{MILLI, SECOND, limit};
use crate::{
    clock::{Clock, SystemClock},
    rate_limit::{Cost, Quota, RateLimit, RateLimitConfig},
};

const THREADS: usize = 2;
const ASKS: usize = 20_000;

/// One quota in the atomics, and several under the lock.
fn limits() -> [RateLimitConfig; 2] {
    let one = Quota::per_second(1_000).with_burst(5_000);
    [
        one.into(),
        [one, Quota::per_hour(1_000_000).of("tokens")].into(),
    ]
}

/// Lets the threads start together and collects what they return.
fn together<T: Send>(work: impl Fn(usize) -> Vec<T> + Sync) -> Vec<T> {
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (barrier, work) = (&barrier, &work);
                scope.spawn(move || {
                    barrier.wait();
                    work(thread)
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect()
    })
}

#[test]
fn threads_share_one_burst() {
    for config in limits() {
        let (limit, now) = limit(config);
        let gone = together(|_| (0..ASKS).filter_map(|_| limit.admit(now).ok()).collect());
        assert_eq!(gone.len(), 5_000);
    }
}

#[test]
fn no_slot_is_given_twice() {
    for config in limits() {
        let (limit, now) = limit(config);
        let latest = now + 100 * SECOND;
        let mut slots = together(|_| {
            let slot = |_| limit.reserve(Cost::ONE, now, latest).unwrap();
            (0..ASKS).map(slot).collect::<Vec<Instant>>()
        });
        slots.sort();
        for (place, slot) in (0_u32..).zip(slots) {
            let after = place.saturating_sub(4_999);
            assert_eq!(slot, now + MILLI * after, "slot {place}");
        }
    }
}

#[test]
fn threads_on_running_clocks_stay_within_every_window() {
    let quota = Quota::new(50, MILLI).with_burst(20);
    for config in [
        RateLimitConfig::from(quota),
        [quota, Quota::per_hour(1_000_000).of("tokens")].into(),
    ] {
        let limit = RateLimit::new(config, SystemClock.now()).unwrap();
        let mut gone = together(|_| {
            let ask = |_| {
                let now = SystemClock.now();
                limit.admit(now).ok().map(|()| now)
            };
            (0..ASKS).filter_map(ask).collect::<Vec<Instant>>()
        });
        gone.sort();
        assert!(gone.len() > 20, "the test would prove nothing");
        for (place, first) in gone.iter().enumerate() {
            let window = gone[place..].iter().take_while(|at| **at - *first < MILLI);
            assert!(window.count() < 70);
        }
    }
}

#[test]
fn replacing_the_quota_while_threads_ask_gives_nothing_away() {
    // Neither rate renews anything at a standing clock; both hold the same burst.
    let quotas = [
        Quota::per_second(1_000),
        Quota::per_second(500).with_burst(1_000),
    ];
    let several = |quota| RateLimitConfig::from([quota, Quota::per_day(9).of("tokens")]);
    let (limit, now) = limit(quotas[0]);
    let (taken, stop) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                limit.set_quota(quotas[1], now).unwrap();
                limit.set_quotas(several(quotas[0]), now).unwrap();
                limit.set_quota(quotas[0], now).unwrap();
            }
        });
        let asking = scope.spawn(|| {
            for _ in 0..ASKS {
                if limit.admit(now).is_ok() {
                    taken.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        asking.join().unwrap();
        stop.store(true, Ordering::Relaxed);
    });
    let taken = taken.load(Ordering::Relaxed);
    assert!((900..=1_000).contains(&taken), "{taken} of 1000");
    assert!(limit.admit(now + Duration::from_secs(1)).is_ok());
}
