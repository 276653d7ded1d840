use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::time::Instant;

use super::{
    HealthCheck, HealthConfig, HealthRegistry, HealthStatus,
    HealthStatus::{Degraded, Down, Up},
    service::{Fact, Service},
};
use crate::{
    Clock, SystemClock,
    circuit_breaker::CircuitState::{Closed, HalfOpen, Open},
    error::{Error, ErrorKind, Result},
    observer::{Event, Happening, Observer},
};

const SECOND: Duration = Duration::from_secs(1);

fn now() -> Instant {
    SystemClock.now()
}

fn tell(observer: &impl Observer, key: &str, what: Happening) {
    let operation = "demo.get";
    observer.on_event(&Event {
        operation,
        key,
        what,
    });
}

fn ended(kind: Option<ErrorKind>) -> Happening {
    Happening::AttemptEnded {
        attempt: 1,
        kind,
        elapsed: SECOND,
    }
}

fn registry(config: HealthConfig) -> (HealthRegistry, Arc<Mutex<Vec<String>>>) {
    let health = HealthRegistry::new(config).unwrap();
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = log.clone();
    health.on_change(move |change| {
        let line = format!("{} {} {}", change.to.service, change.from, change.to.status);
        lines.lock().push(line);
    });
    (health, log)
}

/// One fact, and what is told right after it.
#[test]
fn each_fact_has_its_status_and_reason() {
    let rows: [(&[Fact], HealthStatus, Option<ErrorKind>); 11] = [
        (&[], Up, None),
        (&[Fact::Circuit(Open)], Down, Some(ErrorKind::CircuitOpen)),
        (
            &[Fact::Circuit(HalfOpen)],
            Degraded,
            Some(ErrorKind::CircuitOpen),
        ),
        (&[Fact::Circuit(Closed)], Up, None),
        (&[Fact::Paused(SECOND)], Degraded, Some(ErrorKind::Paused)),
        (
            &[Fact::Checked(Some(ErrorKind::Dns))],
            Degraded,
            Some(ErrorKind::Dns),
        ),
        (
            &[Fact::Checked(Some(ErrorKind::Dns)); 2],
            Down,
            Some(ErrorKind::Dns),
        ),
        (&[Fact::Attempt(Some(ErrorKind::Connect)); 4], Up, None),
        (
            &[Fact::Attempt(Some(ErrorKind::Connect)); 5],
            Degraded,
            Some(ErrorKind::Connect),
        ),
        (&[Fact::Attempt(Some(ErrorKind::NotFound)); 50], Up, None),
        (&[Fact::Attempt(Some(ErrorKind::RateLimited)); 50], Up, None),
    ];
    let config = HealthConfig::default();
    for (facts, status, kind) in rows {
        let start = now();
        let mut service = Service::new(start);
        for fact in facts {
            service.learn(*fact, &config, start);
        }
        let (told, why, _) = service.told();
        assert_eq!((told, why.map(|why| why.kind)), (status, kind), "{facts:?}");
    }
}

#[test]
fn failures_count_only_as_a_part_of_all_and_within_a_window() {
    let config = HealthConfig::default();
    let (ok, bad) = (
        Fact::Attempt(None),
        Fact::Attempt(Some(ErrorKind::Internal)),
    );
    let start = now();

    let mut service = Service::new(start);
    (0..6).for_each(|_| service.learn(ok, &config, start));
    (0..5).for_each(|_| service.learn(bad, &config, start));
    assert_eq!(service.told().0, Up, "5 of 11");
    service.learn(bad, &config, start);
    assert_eq!(service.told().0, Degraded, "6 of 12");

    let mut service = Service::new(start);
    (0..4).for_each(|_| service.learn(bad, &config, start));
    service.learn(bad, &config, start + config.window);
    assert_eq!(
        service.told().0,
        Up,
        "the first four are of an older window"
    );
}

#[test]
fn what_ends_by_itself_counts_from_its_end_however_late_one_looks() {
    let config = HealthConfig::default();
    let start = now();
    let mut service = Service::new(start);
    service.learn(Fact::Circuit(Open), &config, start);
    service.learn(Fact::Paused(60 * SECOND), &config, start + SECOND);
    service.learn(Fact::Circuit(Closed), &config, start + 2 * SECOND);
    service.advance(&config, start + 3600 * SECOND);
    // Better (paused) from 2 s, so told at 12 s; up from 61 s, so told at 71 s.
    assert_eq!(service.told(), (Up, None, start + 71 * SECOND));
}

#[test]
fn a_service_that_comes_and_goes_is_told_to_be_down_once() {
    let config = HealthConfig::default();
    let start = now();
    let mut service = Service::new(start);
    for second in 0..1_000 {
        let to = [Open, HalfOpen, Closed][second as usize % 3];
        service.learn(Fact::Circuit(to), &config, start + second * SECOND);
        assert_eq!(service.told().0, Down);
        assert_eq!(service.told().2, start);
    }
    service.advance(&config, start + 1_009 * SECOND);
    assert_eq!(service.told().0, Down);
    // The last fact was that the circuit opened.
    service.learn(Fact::Circuit(Closed), &config, start + 1_010 * SECOND);
    service.advance(&config, start + 1_020 * SECOND - Duration::from_nanos(1));
    assert_eq!(service.told().0, Down);
    service.advance(&config, start + 1_020 * SECOND);
    assert_eq!(service.told().0, Up);
}

fn fact() -> impl Strategy<Value = Option<Fact>> {
    prop_oneof![
        3 => Just(None),
        1 => Just(Some(Fact::Circuit(Open))),
        1 => Just(Some(Fact::Circuit(HalfOpen))),
        2 => Just(Some(Fact::Circuit(Closed))),
        1 => Just(Some(Fact::Checked(Some(ErrorKind::Dns)))),
        2 => Just(Some(Fact::Checked(None))),
    ]
}

proptest! {
    /// The definition, second by second: better is told when the last `recover` seconds were all
    /// better and nothing else was told in them, as the worst of them.
    #[test]
    fn the_damping_is_the_one_that_is_defined(
        facts in proptest::collection::vec(fact(), 1..200),
        recover in 1_u32..12,
        looks in any::<bool>(),
    ) {
        let config = HealthConfig::default().with_recover_after(recover * SECOND);
        let start = now();
        let mut service = Service::new(start);
        let (mut circuit, mut failed) = (Closed, 0);
        let mut raw = Vec::new();
        let (mut told, mut since) = (Up, 0_u32);
        for (second, fact) in (0_u32..).zip(&facts) {
            if second >= since + recover {
                let last = &raw[(second - recover) as usize..];
                let worst = last.iter().copied().max().unwrap_or(Up);
                if worst < told {
                    (told, since) = (worst, second);
                }
            }
            match fact {
                Some(Fact::Circuit(to)) => circuit = *to,
                Some(Fact::Checked(None)) => failed = 0,
                Some(Fact::Checked(Some(_))) => failed += 1,
                _ => {}
            }
            let is = match (circuit, failed) {
                (Open, _) | (_, 2..) => Down,
                (HalfOpen, _) | (_, 1) => Degraded,
                _ => Up,
            };
            raw.push(is);
            if is > told {
                (told, since) = (is, second);
            }
            let at = start + second * SECOND;
            match fact {
                Some(fact) => service.learn(*fact, &config, at),
                None if looks => { service.advance(&config, at); }
                None => continue,
            }
            let expected = (told, start + since * SECOND);
            prop_assert_eq!((service.told().0, service.told().2), expected, "second {}", second);
        }
    }

    /// Whatever happens: never better than the facts, `why` says why, time does not run back.
    #[test]
    fn what_is_told_is_never_better_than_what_is(
        steps in proptest::collection::vec((0_u64..20_000, 0_usize..7), 1..300),
    ) {
        let config = HealthConfig::default();
        let start = now();
        let mut service = Service::new(start);
        let mut improved: Option<Instant> = None;
        for (millis, what) in steps {
            let fact = [
                Fact::Circuit(Open), Fact::Circuit(HalfOpen), Fact::Circuit(Closed),
                Fact::Paused(3 * SECOND), Fact::Attempt(None),
                Fact::Attempt(Some(ErrorKind::Internal)), Fact::Checked(None),
            ][what];
            // Not in order: threads race.
            let before = service.told();
            service.learn(fact, &config, start + Duration::from_millis(millis));
            let after = service.told();
            let least = match fact {
                Fact::Circuit(Open) => Down,
                Fact::Circuit(HalfOpen) | Fact::Paused(_) => Degraded,
                _ => Up,
            };
            prop_assert!(after.0 >= least);
            prop_assert_eq!(after.1.is_none(), after.0 == Up);
            prop_assert!(after.2 >= before.2);
            if after.0 < before.0 {
                prop_assert!(improved.is_none_or(|at| after.2 - at >= config.recover_after));
                improved = Some(after.2);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_feed_the_registry_and_hooks_are_told_once() {
    let (health, log) = registry(HealthConfig::default());
    let observer = health.observer();
    let (open, closed) = (
        Happening::CircuitChanged { to: Open },
        Happening::CircuitChanged { to: Closed },
    );
    tell(&observer, "a", ended(None));
    tell(&observer, "b", open);
    tell(&observer, "b", open);
    assert_eq!(health.overall(), Down);
    let states: Vec<_> = health.snapshot().into_iter().map(|s| s.status).collect();
    assert_eq!(states, [Up, Down]);
    tell(&observer, "b", closed);
    tokio::time::advance(9 * SECOND).await;
    assert_eq!(health.overall(), Down);
    tokio::time::advance(SECOND).await;
    assert_eq!(health.overall(), Up);
    assert_eq!(health.service("b").unwrap().since, now());
    assert_eq!(health.service("c"), None);
    tell(&health.observer_of("eu"), "b", open);
    assert_eq!(*log.lock(), ["b up down", "b down up", "eu/b up down"]);
    assert_eq!(health.lost_changes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_hook_may_use_the_registry_and_change_it() {
    let health = HealthRegistry::new(HealthConfig::default()).unwrap();
    let log = Arc::new(Mutex::new(Vec::new()));
    for name in ["first", "second"] {
        let (inside, lines) = (health.clone(), log.clone());
        health.on_change(move |change| {
            let service = change.to.service.clone();
            if &*service == "a" && name == "first" {
                let to = Open;
                tell(&inside.observer(), "b", Happening::CircuitChanged { to });
            }
            lines
                .lock()
                .push(format!("{name} {service} {}", inside.overall()));
        });
    }
    tell(
        &health.observer(),
        "a",
        Happening::CircuitChanged { to: Open },
    );
    let expected = [
        "first a down",
        "second a down",
        "first b down",
        "second b down",
    ];
    assert_eq!(*log.lock(), expected);
}

#[test]
fn a_hook_that_panics_does_not_silence_the_next_change() {
    let (health, log) = registry(HealthConfig::default());
    health.on_change(|change| assert_ne!(&*change.to.service, "a", "on purpose"));
    let observer = Arc::new(health.observer());
    let other = observer.clone();
    let open = Happening::CircuitChanged { to: Open };
    let told = std::thread::spawn(move || tell(&*other, "a", open)).join();
    assert!(told.is_err());
    tell(&*observer, "b", open);
    assert_eq!(*log.lock(), ["a up down", "b up down"]);
}

#[test]
fn threads_that_race_tell_the_changes_of_a_service_in_order() {
    let (health, log) = registry(HealthConfig::default().with_recover_after(Duration::ZERO));
    let observer = health.observer();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..200 {
                    let to = [Open, HalfOpen, Closed][round % 3];
                    tell(&observer, "a", Happening::CircuitChanged { to });
                }
            });
        }
    });
    assert_eq!(health.lost_changes(), 0);
    let log = log.lock();
    assert!(!log.is_empty());
    let mut status = "up".to_owned();
    for line in &*log {
        let words: Vec<_> = line.split(' ').collect();
        assert_eq!(words[1], status);
        assert_ne!(words[1], words[2]);
        status = words[2].to_owned();
    }
}

#[test]
fn services_are_bounded() {
    let health = HealthRegistry::new(HealthConfig::default().with_capacity(3)).unwrap();
    let observer = health.observer();
    for number in 0..1_000 {
        tell(&observer, &number.to_string(), ended(None));
    }
    assert_eq!(health.snapshot().len(), 3);
    let refused = health.register("one more", Scripted::new(SECOND, None));
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Config);
    health.register("0", Scripted::new(SECOND, None)).unwrap();
}

#[test]
fn thresholds_that_cannot_hold_are_refused() {
    let ok = HealthConfig::default;
    let rows = [
        (ok().with_capacity(0), "health.capacity"),
        (
            ok().with_recover_after(Duration::MAX),
            "health.recover_after",
        ),
        (ok().with_failures(0, 50, SECOND), "health.min_failures"),
        (ok().with_failures(1, 0, SECOND), "health.failure_percent"),
        (ok().with_failures(1, 101, SECOND), "health.failure_percent"),
        (ok().with_failures(1, 50, Duration::ZERO), "health.window"),
        (ok().with_failures_to_down(0), "health.failures_to_down"),
        (ok().with_checks(Duration::ZERO, 1), "health.check_deadline"),
        (ok().with_checks(SECOND, 0), "health.max_checks"),
        (ok().with_checks(SECOND, 1_025), "health.max_checks"),
    ];
    for (config, field) in rows {
        let error = HealthRegistry::new(config).unwrap_err();
        assert!(
            error.context().any(|pair| pair == ("field", field)),
            "{error}"
        );
    }
}

/// Takes a time, then gives a result; counts how many run.
struct Scripted {
    time: Duration,
    kind: Option<ErrorKind>,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Scripted {
    fn new(time: Duration, kind: Option<ErrorKind>) -> Self {
        let (running, most) = (Arc::default(), Arc::default());
        Self {
            time,
            kind,
            running,
            most,
        }
    }
}

impl HealthCheck for Scripted {
    async fn check(&self) -> Result<()> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        tokio::time::sleep(self.time).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        match self.kind {
            None => Ok(()),
            Some(ErrorKind::Other) => panic!("on purpose"),
            Some(kind) => Err(Error::new(kind, "demo.check").with_message("s3cret")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn checks_have_a_deadline_and_fail_alone() {
    let (health, log) = registry(HealthConfig::default());
    let rows = [
        ("bad", SECOND, Some(ErrorKind::Unauthenticated)),
        ("fine", SECOND, None),
        ("late", 3600 * SECOND, None),
        ("panics", SECOND, Some(ErrorKind::Other)),
    ];
    for (name, time, kind) in rows {
        health.register(name, Scripted::new(time, kind)).unwrap();
    }
    let started = now();
    let states = health.run_checks().await;
    assert_eq!(now() - started, 5 * SECOND);
    let found: Vec<_> = states
        .iter()
        .map(|s| (s.status, s.why.map(|w| w.kind)))
        .collect();
    let expected = [
        (Degraded, Some(ErrorKind::Unauthenticated)),
        (Up, None),
        (Degraded, Some(ErrorKind::DeadlineExceeded)),
        (Degraded, Some(ErrorKind::Other)),
    ];
    assert_eq!(found, expected);
    assert!(!format!("{states:?}").contains("s3cret"));
    health.run_checks().await;
    assert_eq!(health.service("bad").unwrap().status, Down);
    assert_eq!(health.service("fine").unwrap().status, Up);
    assert_eq!(log.lock().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn no_more_checks_run_at_once_than_allowed_and_places_are_used_again() {
    let config = HealthConfig::default().with_checks(5 * SECOND, 3);
    let health = HealthRegistry::new(config).unwrap();
    let shared = Scripted::new(SECOND, None);
    for number in 0..10 {
        let check = Scripted {
            running: shared.running.clone(),
            most: shared.most.clone(),
            ..Scripted::new(SECOND, None)
        };
        health.register(&number.to_string(), check).unwrap();
    }
    let started = now();
    health.run_checks().await;
    assert_eq!(shared.most.load(Ordering::SeqCst), 3);
    assert_eq!(now() - started, 4 * SECOND);
}

#[cfg(feature = "http")]
#[tokio::test(start_paused = true)]
async fn a_task_checks_until_it_is_dropped() {
    let (health, log) = registry(HealthConfig::default());
    let check = Scripted::new(SECOND, Some(ErrorKind::Connect));
    let most = check.most.clone();
    health.register("a", check).unwrap();
    let task = health.spawn_checks(60 * SECOND);
    tokio::time::sleep(63 * SECOND).await;
    assert_eq!(*log.lock(), ["a up degraded", "a degraded down"]);
    drop(task);
    most.store(0, Ordering::SeqCst);
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(most.load(Ordering::SeqCst), 0);
}
