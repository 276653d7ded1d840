//! What a dispatcher does with outcomes, time and shutdown.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use integration_core::{Backoff, Clock, SystemClock};
use integration_events::{
    Deliver, DeliveryFilter, DeliveryState, Dispatcher, DispatcherConfig, Lease, Outcome,
    PageRequest, Route, SqliteStore, Store, UnixMillis,
};
use tokio::sync::oneshot;

use crate::support::{claim, count, event, open, stats};

struct By<F>(F);

#[async_trait]
impl<F, O> Deliver for By<F>
where
    F: Fn(u32) -> O + Send + Sync + 'static,
    O: Future<Output = Outcome> + Send,
{
    async fn deliver(&self, lease: &Lease) -> Outcome {
        (self.0)(lease.attempt).await
    }
}

fn retry() -> Outcome {
    Outcome::Retry {
        error: "no".to_owned(),
        status: Some(500),
        after: None,
    }
}

fn route(handler: impl Deliver) -> Route {
    Route::new("a", Arc::new(handler)).with_backoff(Backoff::exponential(
        Duration::from_millis(1),
        Duration::from_millis(5),
    ))
}

struct Running {
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<integration_events::Result<()>>,
}

fn start(store: &SqliteStore, route: Route, config: DispatcherConfig) -> Running {
    let (stop, stopped) = oneshot::channel::<()>();
    let dispatcher =
        Dispatcher::new(Arc::new(store.clone()), SystemClock::shared(), config).route(route);
    let task = tokio::spawn(dispatcher.run(async {
        stopped.await.ok();
    }));
    Running { stop, task }
}

impl Running {
    async fn stop(self) {
        self.stop.send(()).ok();
        self.task.await.unwrap().unwrap();
    }
}

async fn wait_for(store: &SqliteStore, state: DeliveryState, wanted: u64) {
    for _ in 0..2000 {
        if count(store, state).await == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!(
        "{state} never became {wanted}: {:?}",
        count(store, state).await
    );
}

#[tokio::test]
async fn a_failed_delivery_is_retried_until_it_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let handler = By(|attempt| async move {
        match attempt {
            1 => retry(),
            2 => panic!("on purpose"),
            _ => Outcome::Done { status: Some(204) },
        }
    });
    let running = start(&store, route(handler), DispatcherConfig::default());
    store.append(event(1, "a", None)).await.unwrap();
    wait_for(&store, DeliveryState::Done, 1).await;
    running.stop().await;
    let page = store.deliveries(DeliveryFilter::default(), PageRequest::default());
    let id = page.await.unwrap().items[0].id;
    let attempts = store.attempts(id).await.unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|a| a.outcome.as_str()).collect();
    assert_eq!(outcomes, ["retry", "retry", "done"]);
    assert_eq!(
        attempts[1].error.as_deref(),
        Some("handler panicked: on purpose")
    );
    assert_eq!(attempts[2].status, Some(204));
}

#[tokio::test]
async fn a_delivery_is_dead_after_its_last_attempt() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let running = start(
        &store,
        route(By(|_| async { retry() })),
        DispatcherConfig::default(),
    );
    store.append(event(1, "a", None)).await.unwrap();
    wait_for(&store, DeliveryState::Dead, 1).await;
    running.stop().await;
    let page = store.deliveries(DeliveryFilter::default(), PageRequest::default());
    let dead = page.await.unwrap().items.remove(0);
    assert_eq!(
        (dead.attempts, store.attempts(dead.id).await.unwrap().len()),
        (3, 3)
    );
}

#[tokio::test]
async fn an_attempt_over_its_time_counts_as_failed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let route =
        route(By(|_| std::future::pending())).with_attempt_timeout(Duration::from_millis(5));
    let running = start(&store, route, DispatcherConfig::default());
    store.append(event(1, "a", None)).await.unwrap();
    wait_for(&store, DeliveryState::Dead, 1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_shutdown_hands_back_what_runs_without_burning_the_attempt() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let config = DispatcherConfig {
        drain: Duration::from_millis(20),
        ..Default::default()
    };
    let running = start(&store, route(By(|_| std::future::pending())), config);
    store.append(event(1, "a", None)).await.unwrap();
    wait_for(&store, DeliveryState::Leased, 1).await;
    running.stop().await;
    let now = UnixMillis::from_duration(SystemClock.unix());
    let lease = claim(&store, 1, now.plus(Duration::from_secs(1)))
        .await
        .remove(0);
    assert_eq!(lease.attempt, 1);
}

#[tokio::test]
async fn a_deferred_route_is_left_alone_and_burns_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (calls, is_open) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(true)),
    );
    let (counted, gate) = (calls.clone(), is_open.clone());
    let handler = By(move |attempt| {
        assert_eq!(attempt, 1);
        counted.fetch_add(1, Ordering::SeqCst);
        let is_open = gate.load(Ordering::SeqCst);
        async move {
            if is_open {
                let after = Duration::from_millis(100);
                return Outcome::Defer {
                    after,
                    why: "breaker is open".to_owned(),
                };
            }
            Outcome::Done { status: None }
        }
    });
    let running = start(
        &store,
        route(handler).with_max_in_flight(1),
        DispatcherConfig::default(),
    );
    for no in 0..20 {
        store.append(event(no, "a", None)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(250)).await;
    let seen = calls.load(Ordering::SeqCst);
    assert!((1..=4).contains(&seen), "{seen} calls");
    is_open.store(false, Ordering::SeqCst);
    wait_for(&store, DeliveryState::Done, 20).await;
    running.stop().await;
}

/// Fails at random and watches that no event, and no key, runs twice at once.
#[derive(Clone, Default)]
struct Watch(Arc<Seen>);

#[derive(Default)]
struct Seen {
    running: Mutex<HashMap<String, usize>>,
    order: Mutex<HashMap<String, Vec<String>>>,
}

#[async_trait]
impl Deliver for Watch {
    async fn deliver(&self, lease: &Lease) -> Outcome {
        let key = lease.order_key.clone().unwrap_or_default();
        let running = self.0.running.lock().unwrap().insert(key.clone(), 1);
        assert_eq!(running, None, "{key} ran twice at once");
        tokio::task::yield_now().await;
        self.0.running.lock().unwrap().remove(&key);
        // The first attempt of every third fails.
        if lease.attempt == 1 && lease.delivery.0 % 3 == 0 {
            return retry();
        }
        self.0
            .order
            .lock()
            .unwrap()
            .entry(key)
            .or_default()
            .push(lease.provider_id.clone());
        Outcome::Done { status: None }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_dispatchers_keep_the_order_and_never_run_a_delivery_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let watch = Watch::default();
    let running: Vec<_> = (0..2)
        .map(|_| start(&store, route(watch.clone()), DispatcherConfig::default()))
        .collect();
    for no in 0..200_u128 {
        store
            .append(event(no, "a", Some(&format!("k{}", no % 7))))
            .await
            .unwrap();
    }
    wait_for(&store, DeliveryState::Done, 200).await;
    for running in running {
        running.stop().await;
    }
    for (key, seen) in &*watch.0.order.lock().unwrap() {
        let no: u128 = key.trim_start_matches('k').parse().unwrap();
        let wanted: Vec<_> = (0..200)
            .filter(|n| n % 7 == no)
            .map(|n| format!("p{n}"))
            .collect();
        assert_eq!(seen, &wanted, "{key}");
    }
}

#[tokio::test]
async fn a_worker_with_one_slot_settles_and_claims_the_next_in_one_commit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for no in 0..50 {
        store.append(event(no, "a", None)).await.unwrap();
    }
    let before = stats(&store).await.commits;
    let handler = By(|_| async { Outcome::Done { status: Some(204) } });
    let route = route(handler).with_max_in_flight(1);
    let running = start(&store, route, DispatcherConfig::default());
    wait_for(&store, DeliveryState::Done, 50).await;
    running.stop().await;
    // One for each, the first claim, one that finds nothing, and those that take leases back.
    let commits = stats(&store).await.commits - before;
    assert!(commits <= 60, "{commits}");
}
