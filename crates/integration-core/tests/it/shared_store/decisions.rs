//! What the scripts decide.

use std::{sync::Arc, time::Duration};

use integration_core::{
    Rng, SeededRng, SystemClock,
    keyed::KeyedConfig,
    rate_limit::Quota,
    retry_budget::RetryBudgetConfig,
    shared_store::{Demand, Demands, MemoryStore, Payment, SharedStore, Verdict},
};

use super::server::Redis;

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

/// Nothing of this comes back while a test runs.
fn slow_quota(burst: u32) -> Demands {
    Demands::one(Quota::new(60, HOUR).with_burst(burst)).unwrap()
}

async fn ask(store: &dyn SharedStore, demands: &Demands) -> Verdict {
    let grant = store.admit("key", demands, Duration::ZERO).await;
    grant.unwrap().verdict
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_that_ask_at_once_get_one_burst() {
    let Some(redis) = Redis::running() else {
        return;
    };
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = redis.store();
            tokio::spawn(async move {
                let demands = slow_quota(50);
                let mut went = 0;
                for _ in 0..50 {
                    went += u32::from(ask(&store, &demands).await == Verdict::Go);
                }
                went
            })
        })
        .collect();
    let mut went = 0;
    for task in tasks {
        went += task.await.unwrap();
    }
    assert_eq!(went, 50);
}

#[tokio::test]
async fn slots_are_booked_up_to_one_burst_ahead() {
    let Some(redis) = Redis::running() else {
        return;
    };
    let (store, demands) = (redis.store(), slow_quota(2));
    let ask = |max_wait| store.admit("key", &demands, max_wait);
    let seconds = |wait: Duration| wait.as_secs_f64().ceil();
    let mut verdicts = Vec::new();
    for _ in 0..5 {
        verdicts.push(match ask(HOUR).await.unwrap().verdict {
            Verdict::Go => ("go", 0.0),
            Verdict::Wait(wait) => ("wait", seconds(wait)),
            Verdict::Full(wait) => ("full", seconds(wait)),
            Verdict::Paused(wait) => ("paused", seconds(wait)),
        });
    }
    let expected = [
        ("go", 0.0),
        ("go", 0.0),
        ("wait", 60.0),
        ("wait", 120.0),
        ("full", 60.0),
    ];
    assert_eq!(verdicts, expected);
    let late = ask(MINUTE).await.unwrap().verdict;
    assert!(
        matches!(late, Verdict::Full(wait) if wait > 2 * MINUTE),
        "{late:?}"
    );
}

#[tokio::test]
async fn the_script_decides_as_the_memory_store_does() {
    let Some(redis) = Redis::running() else {
        return;
    };
    let rng = SeededRng::new(7);
    let upto = |most: u32| (0..most).filter(|_| rng.fraction() < 0.5).count();
    let upto = |most| u32::try_from(upto(most)).unwrap();
    let (narrow, wide) = (Quota::new(100, HOUR), Quota::new(3_600, 24 * HOUR));
    let quotas = [narrow.with_burst(6), wide.with_burst(9)];
    let mut kinds = [0; 3];
    for round in 0..30 {
        let (real, key) = (redis.store(), format!("round {round}"));
        let model = MemoryStore::new(KeyedConfig::default(), SystemClock::shared()).unwrap();
        for step in 0..20 {
            let costs = [upto(4), upto(6)];
            let demands = [0, 1].map(|at| Demand::new(quotas[at], costs[at]));
            let demands = Demands::new(&demands).unwrap();
            // Spacings are 36 s and 24 s: between their sums, so that no millisecond decides.
            let max_wait = Duration::from_secs(u64::from(upto(10)) * 60 + 7);
            let real = real.admit(&key, &demands, max_wait).await.unwrap();
            let model = model.admit(&key, &demands, max_wait).await.unwrap();
            let near = |a: Duration, b: Duration| a.abs_diff(b) < Duration::from_secs(3);
            let (kind, same) = match (real.verdict, model.verdict) {
                (Verdict::Go, Verdict::Go) => (0, true),
                (Verdict::Wait(a), Verdict::Wait(b)) => (1, near(a, b)),
                (Verdict::Full(a), Verdict::Full(b)) => (2, near(a, b)),
                _ => (0, false),
            };
            kinds[kind] += 1;
            assert!(
                same,
                "{round}/{step} {demands:?} {max_wait:?}: {real:?}, not {model:?}"
            );
        }
    }
    assert!(kinds.iter().all(|count| *count > 20), "{kinds:?}");
}

#[tokio::test]
async fn a_pause_holds_for_everyone_and_leaves_no_burst() {
    let Some(redis) = Redis::running() else {
        return;
    };
    let (one, other, demands) = (redis.store(), redis.store(), slow_quota(5));
    one.pause("key", MINUTE).await.unwrap();
    one.pause("key", MINUTE / 2).await.unwrap();
    let left = other.paused("key").await.unwrap().unwrap();
    assert!(
        left <= MINUTE && left > MINUTE - Duration::from_secs(5),
        "{left:?}"
    );
    assert!(matches!(ask(&other, &demands).await, Verdict::Paused(_)));
    assert_eq!(other.paused("other").await.unwrap(), None);

    one.pause("brief", Duration::from_millis(30)).await.unwrap();
    while other.paused("brief").await.unwrap().is_some() {}
    let ask = || other.admit("brief", &demands, Duration::ZERO);
    assert_eq!(ask().await.unwrap().verdict, Verdict::Go);
    assert!(matches!(ask().await.unwrap().verdict, Verdict::Full(_)));
}

#[tokio::test]
async fn the_budget_is_one_for_all_and_pays_as_the_local_one() {
    let Some(redis) = Redis::running() else {
        return;
    };
    let stores = [redis.store(), redis.store()];
    let model = MemoryStore::new(KeyedConfig::default(), SystemClock::shared()).unwrap();
    let config = RetryBudgetConfig::default()
        .with_min_per_second(0)
        .with_capacity(5);
    let mut paid = 0;
    for step in 0..60_u32 {
        let store = &stores[usize::try_from(step % 2).unwrap()];
        let (calls, price) = (
            step * 7 % 5,
            [10, 5, 0, 10][usize::try_from(step % 4).unwrap()],
        );
        let real = store.withdraw("key", &config, calls, price).await.unwrap();
        let model = model.withdraw("key", &config, calls, price).await.unwrap();
        assert_eq!(real, model, "step {step}");
        paid += u32::from(real == Payment::Paid && price > 0);
    }
    assert!((20..40).contains(&paid), "{paid}");
}

#[tokio::test]
async fn the_floor_pays_a_second_of_it_and_says_when_it_pays_again() {
    let Some(redis) = Redis::running() else {
        return;
    };
    let store = redis.store();
    // One retry in 500 ms, 2 saved up.
    let config = RetryBudgetConfig::default().with_min_per_second(2);
    for _ in 0..2 {
        let paid = store.withdraw("key", &config, 0, 10).await.unwrap();
        assert_eq!(paid, Payment::Paid);
    }
    let denied = store.withdraw("key", &config, 0, 10).await.unwrap();
    let Payment::Denied(Some(wait)) = denied else {
        panic!("{denied:?}");
    };
    assert!(wait <= Duration::from_millis(500), "{wait:?}");
}

#[tokio::test]
async fn every_key_has_the_prefix_and_an_end() {
    let Some(redis) = Redis::running() else {
        return;
    };
    let (store, budget) = (Arc::new(redis.store()), RetryBudgetConfig::default());
    let _ = ask(&*store, &slow_quota(5)).await;
    store.pause("paused", 2 * HOUR).await.unwrap();
    let _ = store.withdraw("key", &budget, 1, 10).await.unwrap();
    let rows = [
        ("gate:key", MINUTE, 5 * MINUTE),
        ("gate:paused", 2 * HOUR, 2 * HOUR + 2 * MINUTE),
        ("budget:key", MINUTE, 10 * MINUTE),
        ("born:", MINUTE, HOUR),
    ];
    for (key, least, most) in rows {
        let answer = redis.command(&format!("PTTL {}{key}", redis.prefix));
        let ttl = Duration::from_millis(answer.trim_start_matches(':').parse().unwrap());
        assert!(ttl >= least && ttl <= most, "{key}: {ttl:?}");
    }
}

#[tokio::test]
async fn a_clock_of_the_store_that_is_set_back_holds_nobody_up() {
    let Some(redis) = Redis::running() else {
        return;
    };
    let (store, demands) = (redis.store(), slow_quota(2));
    // Written an hour from now: one slot of the burst is taken, and a pause of 10 s just began.
    let then = (SystemClock::shared().unix() + HOUR).as_micros();
    let (due, pause) = (then + MINUTE.as_micros(), then + 10_000_000);
    let gate = format!("{}gate:", redis.prefix);
    redis.command(&format!("HSET {gate}key at {then} t1 {due}"));
    assert_eq!(ask(&store, &demands).await, Verdict::Go);
    let full = ask(&store, &demands).await;
    assert!(
        matches!(full, Verdict::Full(wait) if wait <= MINUTE),
        "{full:?}"
    );
    redis.command(&format!("HSET {gate}paused at {then} pause {pause}"));
    for _ in 0..3 {
        let left = store.paused("paused").await.unwrap().unwrap();
        assert!(left <= Duration::from_secs(10), "{left:?}");
    }
    // The second look found the time moved, not moved again.
    let left = store.paused("paused").await.unwrap().unwrap();
    assert!(left > Duration::from_secs(8), "{left:?}");
}

#[tokio::test]
async fn a_store_without_a_past_gives_no_burst() {
    let Some(redis) = Redis::running() else {
        return;
    };
    redis.command(&format!("DEL {}born:", redis.prefix));
    let (store, demands) = (redis.store(), slow_quota(5));
    let grant = store.admit("key", &demands, Duration::ZERO).await.unwrap();
    assert_eq!((grant.verdict, grant.age), (Verdict::Go, Duration::ZERO));
    assert!(matches!(ask(&store, &demands).await, Verdict::Full(_)));
    let grant = store.admit("key", &demands, Duration::ZERO).await.unwrap();
    assert!(grant.age > Duration::ZERO && grant.age < MINUTE);
}
