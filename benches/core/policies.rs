//! Each policy alone, on one thread.
//!
//! Ours are handed the time, as the driver reads it once for several policies; governor is shown
//! with its own clock and with a time that is handed in too.

use std::{hint::black_box, num::NonZeroU32, sync::Arc, time::Duration};

use governor::{RateLimiter, clock::FakeRelativeClock};
use integration_benches::{
    row::Row,
    table::{Table, Unit},
};
use integration_core::{
    Clock as _, FastRng, Health, SystemClock,
    bulkhead::{Bulkhead, BulkheadConfig},
    circuit_breaker::{CircuitBreaker, CircuitBreakerConfig},
    keyed::{Keyed, KeyedConfig},
    rate_limit::{Quota, RateLimit},
    retry_budget::{RetryBudget, RetryBudgetConfig},
};
use recloser::Recloser;
use tokio::{sync::Semaphore, time::Instant};

/// Rows the bars are about.
pub(crate) const BREAKERS: [&str; 5] = [
    "breaker, window 100",
    "breaker, window 100, after 1,000,000 results",
    "breaker, window 10,000, after 1,000,000 results",
    "breaker, window 30 s, after 1,000,000 results",
    "breaker, window 100, one failure in 8",
];
pub(crate) const LIMIT: &str = "limiter";
pub(crate) const KEYED_LIMIT: &str = "limiter, 64 keys";

/// What passes on the clock of a policy from one operation to the next: about what does pass, so
/// that two threads which begin at the same instant stay close to each other.
const STEP: Duration = Duration::from_nanos(10);
/// More than any row can ask for, and a whole number of nanoseconds apart.
pub(crate) const GENEROUS: u32 = 500_000_000;
/// One key an operation, in turn.
const KEYS: usize = 64;

pub(crate) fn table() -> Table {
    let mut table = Table::new("one policy, one thread", Unit::Nanos);
    table.add(clock());
    breakers(&mut table);
    table.add(Row::new("recloser, window 100", reclose(&recloser())));
    limiters(&mut table);
    budgets(&mut table);
    table.add(bulkhead());
    table.add(semaphore());
    table
}

/// What each of ours does not pay by itself, and a call pays once or twice.
fn clock() -> Row {
    Row::new("reading the clock", |operations| {
        for _ in 0..operations {
            black_box(SystemClock.now());
        }
    })
}

fn breakers(table: &mut Table) {
    let [fresh, old, wide, timed, failing] = BREAKERS;
    table.add(Row::new(fresh, guard(breaker(100), 0)));
    let aged = |breaker: Arc<CircuitBreaker>| {
        guard(Arc::clone(&breaker), 0)(1_000_000);
        guard(breaker, 0)
    };
    table.add(Row::new(old, aged(breaker(100))));
    table.add(Row::new(wide, aged(breaker(10_000))));
    let window = Duration::from_secs(30);
    let config = CircuitBreakerConfig::default().with_time_window(window, 20);
    table.add(Row::new(timed, aged(closed(config))));
    table.add(Row::new(failing, guard(breaker(100), 8)));
}

pub(crate) fn breaker(window: u16) -> Arc<CircuitBreaker> {
    closed(CircuitBreakerConfig::default().with_window(window, 20))
}

fn closed(config: CircuitBreakerConfig) -> Arc<CircuitBreaker> {
    Arc::new(CircuitBreaker::new(config, Arc::new(FastRng)).unwrap())
}

/// Admits and settles; one in `failing` fails, which does not open the circuit, 0 for none.
pub(crate) fn guard(breaker: Arc<CircuitBreaker>, failing: u64) -> impl FnMut(u64) {
    let mut now = SystemClock.now();
    move |operations| {
        for operation in 1..=operations {
            now += STEP;
            let permit = breaker.admit(black_box(now)).expect("closed");
            let health = match operation.checked_rem(failing) {
                Some(0) => Health::Failure,
                _ => Health::Success,
            };
            black_box(permit.settle(black_box(health), now));
        }
    }
}

pub(crate) fn recloser() -> Arc<Recloser> {
    Arc::new(Recloser::custom().error_rate(0.5).closed_len(100).build())
}

pub(crate) fn reclose(recloser: &Arc<Recloser>) -> impl FnMut(u64) + use<> {
    let recloser = Arc::clone(recloser);
    move |operations| {
        for _ in 0..operations {
            let done: Result<u32, recloser::Error<()>> = recloser.call(|| Ok(black_box(7)));
            black_box(done).expect("closed");
        }
    }
}

fn limiters(table: &mut Table) {
    table.add(Row::new(LIMIT, admit(limit())));
    table.add(Row::new("governor", check(&governor())));
    let governor = RateLimiter::direct_with_clock(peer_quota(), FakeRelativeClock::default());
    table.add(Row::new("governor, time handed in", move |operations| {
        for _ in 0..operations {
            // Its time stands still, but its burst is more than a run asks for.
            let _ = black_box(governor.check());
        }
    }));
    table.add(keyed_limit());
    table.add(keyed_governor());
}

pub(crate) fn limit() -> Arc<RateLimit> {
    let quota = Quota::per_second(GENEROUS);
    Arc::new(RateLimit::new(quota, SystemClock.now()).unwrap())
}

pub(crate) fn admit(limit: Arc<RateLimit>) -> impl FnMut(u64) {
    let mut now = SystemClock.now();
    move |operations| {
        for _ in 0..operations {
            now += STEP;
            black_box(limit.admit(black_box(now))).expect("within its quota");
        }
    }
}

fn keyed_limit() -> Row {
    let keys = keys();
    let mut now = SystemClock.now();
    let limits = Keyed::new(KeyedConfig::default(), now).unwrap();
    Row::new(KEYED_LIMIT, move |operations| {
        for key in keys.iter().cycle().take(rounds(operations)) {
            now += STEP;
            let limit = limits.get(black_box(key), now, || made(now));
            black_box(limit.admit(now)).expect("within its quota");
        }
    })
}

fn made(now: Instant) -> RateLimit {
    RateLimit::new(Quota::per_second(GENEROUS), now).unwrap()
}

pub(crate) type Governor = governor::DefaultDirectRateLimiter;

pub(crate) fn governor() -> Arc<Governor> {
    Arc::new(RateLimiter::direct(peer_quota()))
}

pub(crate) fn check(governor: &Arc<Governor>) -> impl FnMut(u64) + use<> {
    let governor = Arc::clone(governor);
    move |operations| {
        for _ in 0..operations {
            let _ = black_box(governor.check());
        }
    }
}

fn keyed_governor() -> Row {
    let keys = keys();
    let limits = RateLimiter::dashmap(peer_quota());
    Row::new("governor, 64 keys", move |operations| {
        for key in keys.iter().cycle().take(rounds(operations)) {
            let _ = black_box(limits.check_key(black_box(key)));
        }
    })
}

fn peer_quota() -> governor::Quota {
    governor::Quota::per_second(NonZeroU32::new(GENEROUS).unwrap())
}

fn keys() -> Vec<String> {
    let key = |no| format!("tenant-{no}.api.example.com:443");
    (0..KEYS).map(key).collect()
}

fn rounds(operations: u64) -> usize {
    usize::try_from(operations).unwrap()
}

fn budgets(table: &mut Table) {
    // Most are full, as most calls need no retry; one of a thousand million never gets there.
    for (name, capacity) in [
        ("retry budget, deposit when full", 1),
        ("retry budget, deposit", 1_000_000_000),
    ] {
        let config = RetryBudgetConfig::default().with_capacity(capacity);
        let budget = RetryBudget::new(config, SystemClock.now()).unwrap();
        table.add(Row::new(name, move |operations| {
            for _ in 0..operations {
                black_box(&budget).deposit();
            }
        }));
    }
}

fn bulkhead() -> Row {
    let bulkhead = Arc::new(Bulkhead::new(BulkheadConfig::default()).unwrap());
    Row::new("bulkhead", move |operations| {
        for _ in 0..operations {
            drop(black_box(bulkhead.admit().expect("room")));
        }
    })
}

fn semaphore() -> Row {
    let semaphore = Arc::new(Semaphore::new(100));
    Row::new("tokio Semaphore, owned", move |operations| {
        for _ in 0..operations {
            let place = Arc::clone(&semaphore).try_acquire_owned();
            drop(black_box(place.expect("room")));
        }
    })
}
