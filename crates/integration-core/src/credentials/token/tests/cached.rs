use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use ::http::HeaderMap;
use parking_lot::Mutex;
use tokio::time::{Instant, advance, sleep};

use super::model::{FixedRng, config};
use crate::{
    Clock, Delivery, ErrorKind, Result, Retriability, SystemClock,
    credentials::{CachedToken, Credentials, Generation, Rejection, Token, TokenSource},
    error::Error,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Both clocks, the wall clock set by so many milliseconds.
#[derive(Debug, Default)]
struct Clocks {
    set: AtomicI64,
}

impl Clock for Clocks {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        let set = self.set.load(Ordering::Relaxed);
        Duration::from_millis(2_000_000_000_000_u64.saturating_add_signed(set))
    }
}

/// One fetch.
#[derive(Clone, Copy)]
enum Answer {
    After(Duration),
    Fails(ErrorKind),
    Panics,
    Never,
}

/// Answers with token 1, 2, 3 and so on, each valid for an hour.
#[derive(Clone, Default)]
struct Endpoint {
    calls: Arc<AtomicU64>,
    script: Arc<Mutex<VecDeque<Answer>>>,
}

impl Endpoint {
    fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn then(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.lock().extend(answers);
    }
}

impl TokenSource for Endpoint {
    async fn token(&self, _now: Instant) -> Result<Token> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let answer = self.script.lock().pop_front();
        match answer {
            Some(Answer::After(time)) => sleep(time).await,
            Some(Answer::Fails(kind)) => return Err(Error::new(kind, "demo.token")),
            Some(Answer::Panics) => panic!("a source may be broken"),
            Some(Answer::Never) => std::future::pending().await,
            None => {}
        }
        Ok(Token::new(format!("t{call}")).expires_in(HOUR))
    }
}

struct Rig {
    endpoint: Endpoint,
    clocks: Arc<Clocks>,
    token: CachedToken<Endpoint>,
    credentials: Credentials,
}

fn rig() -> Rig {
    let endpoint = Endpoint::default();
    let clocks = Arc::new(Clocks::default());
    let (source, clock, rng) = (endpoint.clone(), clocks.clone(), Arc::new(FixedRng(0.0)));
    let token = CachedToken::with_parts(source, config(), clock, rng).unwrap();
    let credentials = Credentials::token(token.clone());
    Rig {
        endpoint,
        clocks,
        token,
        credentials,
    }
}

fn within(seconds: u64) -> Instant {
    SystemClock.now() + Duration::from_secs(seconds)
}

async fn authorize(credentials: &Credentials, seconds: u64) -> Result<(String, Generation)> {
    let mut headers = HeaderMap::new();
    let generation = credentials.authorize(&mut headers, within(seconds)).await?;
    assert!(headers["authorization"].is_sensitive());
    let value = headers["authorization"].to_str().unwrap().to_owned();
    Ok((value, generation))
}

async fn value(credentials: &Credentials) -> String {
    authorize(credentials, 10).await.unwrap().0
}

/// Authorizes so many requests at once.
async fn storm(credentials: &Credentials, callers: usize) -> Vec<Result<(String, Generation)>> {
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let credentials = credentials.clone();
            tokio::spawn(async move { authorize(&credentials, 10).await })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_without_a_token_cause_one_fetch() {
    let rig = rig();
    rig.endpoint.then([Answer::After(Duration::from_secs(2))]);
    for result in storm(&rig.credentials, 100).await {
        assert_eq!(result.unwrap().0, "Bearer t1");
    }
    assert_eq!(rig.endpoint.calls(), 1);
    advance(HOUR).await;
    rig.endpoint.then([Answer::After(Duration::from_secs(2))]);
    for result in storm(&rig.credentials, 100).await {
        assert_eq!(result.unwrap().0, "Bearer t2");
    }
    assert_eq!(rig.endpoint.calls(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_callers_on_many_threads_cause_one_fetch() {
    for _ in 0..50 {
        let rig = rig();
        for result in storm(&rig.credentials, 100).await {
            assert_eq!(result.unwrap().0, "Bearer t1");
        }
        assert_eq!(rig.endpoint.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_does_not_take_the_fetch_along() {
    let rig = rig();
    rig.endpoint.then([Answer::After(Duration::from_secs(5))]);
    let call = tokio::time::timeout(Duration::from_secs(1), value(&rig.credentials));
    assert!(call.await.is_err());
    sleep(Duration::from_secs(5)).await;
    assert_eq!(value(&rig.credentials).await, "Bearer t1");
    assert_eq!(rig.endpoint.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_until_its_deadline_and_no_longer() {
    let rig = rig();
    rig.endpoint.then([Answer::After(Duration::from_secs(5))]);
    let began = SystemClock.now();
    let error = authorize(&rig.credentials, 3).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!((SystemClock.now() - began).as_secs(), 3);
    assert_eq!(value(&rig.credentials).await, "Bearer t1");
    assert_eq!(rig.endpoint.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_valid_is_used_while_the_next_is_fetched() {
    let rig = rig();
    assert_eq!(value(&rig.credentials).await, "Bearer t1");
    advance(HOUR - Duration::from_secs(599)).await;
    rig.endpoint.then([Answer::After(Duration::from_secs(5))]);
    let began = SystemClock.now();
    for result in storm(&rig.credentials, 100).await {
        assert_eq!(result.unwrap().0, "Bearer t1");
    }
    assert_eq!(SystemClock.now(), began, "a caller waited");
    sleep(Duration::from_secs(6)).await;
    assert_eq!(value(&rig.credentials).await, "Bearer t2");
    assert_eq!(rig.endpoint.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_behind_a_valid_token_is_backed_off_and_shown_to_nobody() {
    let rig = rig();
    value(&rig.credentials).await;
    advance(HOUR - Duration::from_secs(599)).await;
    rig.endpoint
        .then([Answer::Fails(ErrorKind::Unavailable); 3]);
    // Failures at 0, 1 and 3 s, and a token at 7 s: the back-off is 1, 2 and 4 s.
    let mut calls = Vec::new();
    for _ in 0..8 {
        assert_eq!(value(&rig.credentials).await, "Bearer t1");
        sleep(Duration::from_millis(1)).await;
        calls.push(rig.endpoint.calls() - 1);
        sleep(Duration::from_millis(999)).await;
    }
    assert_eq!(calls, [1, 2, 2, 3, 3, 3, 3, 4]);
    assert_eq!(value(&rig.credentials).await, "Bearer t5");
}

#[tokio::test(start_paused = true)]
async fn a_failure_without_a_token_is_told_to_all_and_not_repeated_at_once() {
    let rig = rig();
    rig.endpoint.then([Answer::Fails(ErrorKind::Unavailable)]);
    for result in storm(&rig.credentials, 100).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(std::error::Error::source(&error).is_some());
    }
    let error = authorize(&rig.credentials, 10).await.unwrap_err();
    let wait = Duration::from_secs(1);
    assert_eq!(error.retriability(), Retriability::After(wait));
    assert_eq!(rig.endpoint.calls(), 1);
    advance(wait).await;
    assert_eq!(value(&rig.credentials).await, "Bearer t2");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_final_stays_so() {
    let rig = rig();
    rig.endpoint.then([Answer::Fails(ErrorKind::Config)]);
    for _ in 0..2 {
        let error = authorize(&rig.credentials, 10).await.unwrap_err();
        assert_eq!(error.retriability(), Retriability::Never);
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_or_panics_is_asked_again_later() {
    let rig = rig();
    rig.endpoint.then([Answer::Never, Answer::Panics]);
    let began = SystemClock.now();
    let error = authorize(&rig.credentials, 60).await.unwrap_err();
    assert_eq!((SystemClock.now() - began).as_secs(), 20);
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    advance(Duration::from_secs(1)).await;
    let error = authorize(&rig.credentials, 60).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("panicked"), "{source}");
    advance(Duration::from_secs(2)).await;
    assert_eq!(value(&rig.credentials).await, "Bearer t3");
}

#[tokio::test(start_paused = true)]
async fn clocks_that_jump_cost_at_most_a_fetch() {
    let rig = rig();
    value(&rig.credentials).await;
    let set = |to: i64| rig.clocks.set.store(to, Ordering::Relaxed);
    set(7_200_000);
    assert_eq!(value(&rig.credentials).await, "Bearer t2");
    set(-86_400_000);
    assert_eq!(value(&rig.credentials).await, "Bearer t2");
    assert_eq!(rig.endpoint.calls(), 2);
    // Set back, the wall clock would keep the token for a day.
    advance(HOUR).await;
    assert_eq!(value(&rig.credentials).await, "Bearer t3");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_refusals_cause_one_refresh() {
    let rig = rig();
    let results = storm(&rig.credentials, 100).await;
    for result in &results {
        let (_, generation) = result.as_ref().unwrap();
        let rejection = rig.credentials.rejected(*generation, within(1)).await;
        assert_eq!(rejection, Rejection::TryAgain);
    }
    let second = storm(&rig.credentials, 100).await;
    for result in &second {
        assert_eq!(result.as_ref().unwrap().0, "Bearer t2");
    }
    assert_eq!(rig.endpoint.calls(), 2);
    // The server refuses this one, too: it is not asked for a token with every call.
    for result in second {
        let generation = result.unwrap().1;
        assert_eq!(rig.token.invalidate(generation), Rejection::Final);
    }
    assert_eq!(value(&rig.credentials).await, "Bearer t2");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_arrives_expired_is_a_failure() {
    let late = |_| async { Ok(Token::new("t").expires_at(Duration::from_secs(1))) };
    let token = CachedToken::new(late, config()).unwrap();
    let error = authorize(&Credentials::token(token), 10).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("expired already"), "{source}");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_no_header_can_hold_is_a_failure() {
    for bad in ["", "a\nb", " a", "a ", "\u{e9}"] {
        let source = move |_| async move { Ok(Token::new(bad)) };
        let token = CachedToken::new(source, config()).unwrap();
        let error = authorize(&Credentials::token(token), 10).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{bad:?}");
    }
}

#[test]
fn a_fetch_that_ends_with_its_runtime_is_begun_again_on_the_next() {
    let rig = rig();
    rig.endpoint.then([Answer::Never]);
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let first = runtime();
    let error = first.block_on(authorize(&rig.credentials, 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    drop(first);
    assert_eq!(runtime().block_on(value(&rig.credentials)), "Bearer t2");
}

#[test]
fn an_early_fetch_that_ends_with_its_runtime_is_begun_again_while_the_token_is_valid() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let rig = rig();
    let first = runtime();
    first.block_on(async {
        value(&rig.credentials).await;
        // Due by the wall clock, which two runtimes share.
        rig.clocks.set.store(3_100_000, Ordering::Relaxed);
        rig.endpoint.then([Answer::Never]);
        assert_eq!(value(&rig.credentials).await, "Bearer t1");
        sleep(Duration::from_millis(1)).await;
    });
    drop(first);
    assert_eq!(rig.endpoint.calls(), 2);
    runtime().block_on(async {
        assert_eq!(value(&rig.credentials).await, "Bearer t1");
        sleep(Duration::from_millis(1)).await;
        assert_eq!(value(&rig.credentials).await, "Bearer t3");
    });
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let rig = rig();
    let mut headers = HeaderMap::new();
    let deadline = within(1);
    let call = std::pin::pin!(rig.credentials.authorize(&mut headers, deadline));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(result) = call.poll(&mut context) else {
        panic!("it waits");
    };
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Config);
}
