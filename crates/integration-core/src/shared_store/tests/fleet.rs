use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::{advance, sleep};

use crate::{
    Error, ErrorKind,
    backoff::{Backoff, Jitter},
    clock::{Clock, SystemClock},
    keyed::KeyedConfig,
    rate_limit::Quota,
    retry_budget::RetryBudgetConfig,
    rng::SeededRng,
    shared_store::{
        Answer, Demand, Demands, Fleet, FleetConfig, FleetEvent, FleetHealth, Grant, MemoryStore,
        Payment, Reason, SharedStore, Verdict,
    },
};

const SECOND: Duration = Duration::from_secs(1);
const BOUND: Duration = Duration::from_millis(50);
const KEY: &str = "api.example.com";

/// What the store does with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Works,
    Fails(ErrorKind),
    NeverAnswers,
}

#[derive(Debug)]
struct Moody {
    inner: MemoryStore,
    mood: Mutex<Mood>,
    asked: AtomicU32,
    resets: AtomicU32,
}

impl Moody {
    fn then<'a, T: Send + 'a>(&'a self, answer: Answer<'a, T>) -> Answer<'a, T> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mood = *self.mood.lock();
        Box::pin(async move {
            match mood {
                Mood::Works => answer.await,
                Mood::Fails(kind) => Err(Error::new(kind, "shared_store")),
                Mood::NeverAnswers => std::future::pending().await,
            }
        })
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock() = mood;
    }

    fn asked(&self) -> u32 {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

impl SharedStore for Moody {
    fn admit<'a>(
        &'a self,
        key: &'a str,
        demands: &'a Demands,
        max_wait: Duration,
    ) -> Answer<'a, Grant> {
        self.then(self.inner.admit(key, demands, max_wait))
    }

    fn pause<'a>(&'a self, key: &'a str, wait: Duration) -> Answer<'a, ()> {
        self.then(self.inner.pause(key, wait))
    }

    fn withdraw<'a>(
        &'a self,
        key: &'a str,
        budget: &'a RetryBudgetConfig,
        calls: u32,
        price: u32,
    ) -> Answer<'a, Payment> {
        self.then(self.inner.withdraw(key, budget, calls, price))
    }

    fn reset(&self) {
        self.resets.fetch_add(1, Ordering::Relaxed);
    }
}

fn moody() -> Arc<Moody> {
    let inner = MemoryStore::new(KeyedConfig::default(), SystemClock::shared()).unwrap();
    Arc::new(Moody {
        inner,
        mood: Mutex::new(Mood::Works),
        asked: AtomicU32::new(0),
        resets: AtomicU32::new(0),
    })
}

/// Asks again after exactly 1 s, 2 s, 2 s; settles for 2.05 s.
fn config(members: u32) -> FleetConfig {
    let backoff = Backoff::exponential(SECOND, 2 * SECOND).with_jitter(Jitter::None);
    FleetConfig::new(members).with_backoff(backoff)
}

fn member(store: &Arc<Moody>, config: FleetConfig) -> Fleet {
    let rng = Arc::new(SeededRng::new(1));
    Fleet::new(store.clone(), config, SystemClock::shared(), rng).unwrap()
}

/// A member, and what it told.
fn watched(store: &Arc<Moody>, config: FleetConfig) -> (Fleet, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let ear = told.clone();
    let fleet = member(store, config).on_change(move |event| {
        ear.lock().push(match event {
            FleetEvent::Degraded { reason, .. } => format!("degraded {reason:?}"),
            FleetEvent::Restored { away } => format!("restored after {away:?}"),
            FleetEvent::KeyUnusable { key, .. } => format!("{key} unusable"),
        });
    });
    (fleet, told)
}

fn demands(permits: u32, burst: u32) -> Demands {
    Demands::one(Quota::per_second(permits).with_burst(burst)).unwrap()
}

async fn now_or_never(fleet: &Fleet, demands: &Demands) -> Verdict {
    fleet.admit(KEY, demands, Duration::ZERO).await
}

#[tokio::test(start_paused = true)]
async fn two_members_share_one_quota_one_pause_and_one_budget() {
    let store = moody();
    let budget = RetryBudgetConfig::default().with_min_per_second(0);
    let config = config(2).with_retry_budget(budget);
    let (one, other) = (member(&store, config.clone()), member(&store, config));
    let demands = demands(10, 2);
    assert_eq!(now_or_never(&one, &demands).await, Verdict::Go);
    assert_eq!(now_or_never(&other, &demands).await, Verdict::Go);
    assert_eq!(
        now_or_never(&one, &demands).await,
        Verdict::Full(SECOND / 10)
    );

    assert!(other.withdraw(KEY, 10).await.is_err());
    for fleet in [&one, &other] {
        for _ in 0..32 {
            fleet.deposit(KEY).await;
        }
    }
    // 64 calls earn 12.8 retries, whoever made them.
    for _ in 0..12 {
        assert!(one.withdraw(KEY, 10).await.is_ok());
    }
    assert!(one.withdraw(KEY, 10).await.is_err());
    assert!(other.withdraw(KEY, 10).await.is_err());
    assert!(other.withdraw(KEY, 0).await.is_ok());

    one.pause(KEY, 9 * SECOND).await;
    assert_eq!(
        now_or_never(&other, &demands).await,
        Verdict::Paused(9 * SECOND)
    );
    let elsewhere = other.admit("other key", &demands, Duration::ZERO).await;
    assert_eq!(elsewhere, Verdict::Go);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_one_question_and_none_during_a_pause_that_is_known() {
    let store = moody();
    let (one, other) = (member(&store, config(2)), member(&store, config(2)));
    let demands = demands(100, 100);
    for _ in 0..3 {
        assert_eq!(now_or_never(&one, &demands).await, Verdict::Go);
    }
    assert_eq!(store.asked(), 3);
    one.pause(KEY, SECOND).await;
    assert_eq!(store.asked(), 1);
    for _ in 0..3 {
        assert_eq!(now_or_never(&one, &demands).await, Verdict::Paused(SECOND));
        assert_eq!(
            now_or_never(&other, &demands).await,
            Verdict::Paused(SECOND)
        );
    }
    assert_eq!(store.asked(), 1);
    for _ in 0..32 {
        one.deposit(KEY).await;
    }
    assert_eq!(store.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_costs_the_bound_once_in_a_back_off() {
    let store = moody();
    let (fleet, told) = watched(&store, config(4));
    let demands = demands(1_000, 10);
    store.set(Mood::NeverAnswers);
    let begun = SystemClock.now();
    assert_eq!(
        fleet.admit(KEY, &demands, SECOND).await,
        Verdict::Wait(SECOND / 250 + Duration::from_nanos(1))
    );
    assert_eq!(SystemClock.now() - begun, BOUND);
    let since = SystemClock.now();
    let reason = Reason::Slow;
    assert_eq!(fleet.health(), FleetHealth::Degraded { since, reason });
    for _ in 0..100 {
        advance(SECOND / 200).await;
        let before = SystemClock.now();
        let _ = now_or_never(&fleet, &demands).await;
        fleet.pause("other key", SECOND).await;
        fleet.deposit(KEY).await;
        assert!(fleet.withdraw(KEY, 10).await.is_ok() || fleet.withdraw(KEY, 10).await.is_err());
        assert_eq!(SystemClock.now(), before);
    }
    assert_eq!(store.asked(), 1);
    assert_eq!(*told.lock(), ["degraded Slow"]);
    advance(SECOND).await;
    let before = SystemClock.now();
    let _ = now_or_never(&fleet, &demands).await;
    assert_eq!(SystemClock.now() - before, BOUND);
    assert_eq!(store.resets.load(Ordering::Relaxed), 2);
    assert_eq!(told.lock().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_loss_and_a_return_are_told_once() {
    let store = moody();
    let (fleet, told) = watched(&store, config(4));
    let demands = demands(1_000, 10);
    store.set(Mood::Fails(ErrorKind::Storage));
    for _ in 0..5 {
        let _ = now_or_never(&fleet, &demands).await;
    }
    advance(SECOND).await;
    let _ = now_or_never(&fleet, &demands).await;
    store.set(Mood::Works);
    advance(2 * SECOND).await;
    assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    assert_eq!(fleet.health(), FleetHealth::Connected);
    let expected = ["degraded Away", "restored after 3s"];
    assert_eq!(*told.lock(), expected);
    store.set(Mood::Fails(ErrorKind::Config));
    let _ = now_or_never(&fleet, &demands).await;
    assert_eq!(told.lock().last().unwrap(), "degraded Misconfigured");
    assert_eq!(store.resets.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_used_does_not_cost_the_other_keys_the_store() {
    let store = moody();
    let (fleet, told) = watched(&store, config(2));
    let demands = demands(10, 10);
    store.set(Mood::Fails(ErrorKind::Decode));
    // The part of this process is 5 a second, and is earned first.
    assert!(matches!(
        now_or_never(&fleet, &demands).await,
        Verdict::Full(_)
    ));
    advance(SECOND / 5 + Duration::from_nanos(1)).await;
    assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    assert!(matches!(
        now_or_never(&fleet, &demands).await,
        Verdict::Full(_)
    ));
    fleet.pause(KEY, Duration::ZERO).await;
    assert_eq!(fleet.health(), FleetHealth::Connected);
    assert_eq!(*told.lock(), ["api.example.com unusable"]);
    store.set(Mood::Works);
    for _ in 0..10 {
        assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    }
    store.set(Mood::Fails(ErrorKind::Decode));
    let _ = now_or_never(&fleet, &demands).await;
    assert_eq!(told.lock().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_leaves_the_link_as_it_was() {
    let store = moody();
    let (fleet, told) = watched(&store, config(2));
    let demands = demands(10, 10);
    store.set(Mood::NeverAnswers);
    tokio::select! {
        biased;
        _ = now_or_never(&fleet, &demands) => panic!("the store does not answer"),
        () = sleep(BOUND / 2) => {}
    }
    store.set(Mood::Works);
    assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    assert_eq!(fleet.health(), FleetHealth::Connected);
    assert!(told.lock().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_is_left_shrinks_by_the_time_the_store_took() {
    let store = moody();
    let fleet = member(&store, config(1));
    let demands = demands(10, 1);
    store.set(Mood::NeverAnswers);
    // The slot is 100 ms away, and of the 120 ms the store took 50.
    let verdict = fleet.admit(KEY, &demands, Duration::from_millis(120)).await;
    let slot = Duration::from_millis(100) + Duration::from_nanos(1);
    assert_eq!(verdict, Verdict::Full(slot));
}

#[tokio::test(start_paused = true)]
async fn without_the_store_the_budget_is_divided() {
    let store = moody();
    let budget = RetryBudgetConfig::default().with_min_per_second(8);
    let fleet = member(&store, config(4).with_retry_budget(budget));
    store.set(Mood::Fails(ErrorKind::Storage));
    let mut paid = 0;
    while fleet.withdraw(KEY, 10).await.is_ok() {
        paid += 1;
    }
    assert_eq!(paid, 2);
    let until = fleet.withdraw(KEY, 10).await.unwrap_err().until.unwrap();
    assert_eq!(until, SystemClock.now() + SECOND / 2);
}

/// Four members, each with more calls than it may send; returns when they went.
async fn storm(store: &Arc<Moody>, demands: Demands, time: Duration) -> Vec<Duration> {
    let begun = SystemClock.now();
    let went = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..12)
        .scan(Vec::<Arc<Fleet>>::new(), |members, task| {
            if task < 4 {
                let rng = Arc::new(SeededRng::new(task));
                let config = FleetConfig::new(4);
                let store = store.clone() as Arc<dyn SharedStore>;
                let fleet = Fleet::new(store, config, SystemClock::shared(), rng).unwrap();
                members.push(Arc::new(fleet));
            }
            Some(members[usize::try_from(task).unwrap() % 4].clone())
        })
        .map(|fleet| {
            let went = went.clone();
            tokio::spawn(async move {
                while SystemClock.now() - begun < time {
                    match fleet.admit(KEY, &demands, SECOND).await {
                        Verdict::Go => {}
                        Verdict::Wait(wait) => sleep(wait).await,
                        Verdict::Full(wait) | Verdict::Paused(wait) => {
                            sleep(wait.max(Duration::from_millis(1))).await;
                            continue;
                        }
                    }
                    went.lock().push(SystemClock.now() - begun);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut went = std::mem::take(&mut *went.lock());
    went.sort();
    went
}

fn most_in_a_second(went: &[Duration]) -> usize {
    let within = |start: Duration| {
        let window = went
            .iter()
            .filter(|at| (start..start + SECOND).contains(*at));
        window.count()
    };
    went.iter().map(|at| within(*at)).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn four_members_stay_within_one_quota_and_one_more_burst_while_the_store_comes_and_goes() {
    let (permits, burst) = (40, 10);
    for (forgets, mood) in [
        (true, Mood::Fails(ErrorKind::Storage)),
        (true, Mood::NeverAnswers),
        (false, Mood::NeverAnswers),
    ] {
        let store = moody();
        let weather = store.clone();
        let weather = tokio::spawn(async move {
            for (works, fails) in [(2_000, 300), (700, 1_500), (4_000, 50), (1_000, 3_000)] {
                sleep(Duration::from_millis(works)).await;
                weather.set(mood);
                sleep(Duration::from_millis(fails)).await;
                if forgets {
                    weather.inner.forget();
                }
                weather.set(Mood::Works);
            }
        });
        let time = 16 * SECOND;
        let went = storm(&store, demands(permits, burst), time).await;
        weather.await.unwrap();
        let most = u32::try_from(most_in_a_second(&went)).unwrap();
        assert!(most <= permits + 2 * burst, "{most} in a second");
        // The store is used well: more than half of what was allowed went.
        assert!(went.len() > 16 * 40 / 2, "{} went", went.len());
    }
}

#[tokio::test(start_paused = true)]
async fn with_the_store_four_members_use_the_whole_quota_and_no_more() {
    let went = storm(&moody(), demands(40, 10), 5 * SECOND).await;
    let most = most_in_a_second(&went);
    assert!((45..50).contains(&most), "{most} in a second");
    assert!((205..=220).contains(&went.len()), "{} went", went.len());
}

#[test]
fn configurations_that_cannot_work_are_refused_by_name() {
    let fast = Backoff::exponential(Duration::from_millis(9), SECOND);
    let slow = Backoff::exponential(SECOND, 61 * SECOND);
    let turned = Backoff::exponential(2 * SECOND, SECOND);
    let rows = [
        (FleetConfig::new(0), "fleet.members"),
        (FleetConfig::new(10_001), "fleet.members"),
        (
            FleetConfig::new(1).with_timeout(Duration::ZERO),
            "fleet.timeout",
        ),
        (
            FleetConfig::new(1).with_timeout(6 * SECOND),
            "fleet.timeout",
        ),
        (FleetConfig::new(1).with_backoff(fast), "fleet.backoff"),
        (FleetConfig::new(1).with_backoff(slow), "fleet.backoff"),
        (FleetConfig::new(1).with_backoff(turned), "fleet.backoff"),
        (
            FleetConfig::new(1).with_retry_budget(RetryBudgetConfig::default().with_percent(101)),
            "retry_budget.percent",
        ),
        (
            FleetConfig::new(1).with_keys(KeyedConfig::default().with_capacity(0)),
            "keys.capacity",
        ),
    ];
    for (config, field) in rows {
        let error = config.validate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(field), "{error}");
    }
    assert!(FleetConfig::new(10_000).validate().is_ok());
}

#[tokio::test(start_paused = true)]
async fn more_members_than_permits_are_found_by_the_check() {
    let fleet = member(&moody(), config(5));
    let five = Demand::new(Quota::per_second(5), 1);
    let four = Demand::new(Quota::per_minute(4), 1);
    assert!(fleet.check(&Demands::new(&[five]).unwrap()).is_ok());
    let error = fleet.check(&Demands::new(&[five, four]).unwrap());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Config);
    assert!(fleet.check(&Demands::NONE).is_ok());
}
