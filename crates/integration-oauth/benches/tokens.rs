//! What a call pays for its token while it is at hand: the token itself, and the header on a
//! request.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::{
    hint::black_box,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use criterion::{Criterion, criterion_group, criterion_main};
use http::HeaderMap;
use integration_core::{Clock as _, SystemClock};
use integration_oauth::{
    OAuth, Refresher, Result, TokenSet,
    connection::ConnectionKey,
    manager::Tokens,
    preset::RefreshRules,
    seal::{KeyRing, SealingKey},
    store::MemoryStore,
};

/// A provider that is never asked.
#[derive(Debug, Default)]
struct Idle(RefreshRules);

#[async_trait]
impl Refresher for Idle {
    fn name(&self) -> &str {
        "idle"
    }

    fn rules(&self) -> &RefreshRules {
        &self.0
    }

    async fn refresh(&self, held: &TokenSet) -> Result<TokenSet> {
        Ok(held.clone())
    }

    async fn revoke(&self, _held: &TokenSet) -> Result<()> {
        Ok(())
    }
}

/// Tokens of an hour, at hand.
async fn tokens() -> Tokens {
    let oauth = OAuth::builder()
        .refresher(Arc::new(Idle::default()))
        .store(Arc::new(MemoryStore::new()))
        .vault(Arc::new(KeyRing::new(SealingKey::generate("k").unwrap())))
        .build()
        .unwrap();
    let key = ConnectionKey::new("acme", "idle", "42").unwrap();
    let tokens = TokenSet::new("t".repeat(740))
        .with_refresh_token("r")
        .with_expires_at(SystemClock.unix() + Duration::from_secs(3600));
    oauth.connect(key.clone(), tokens).await.unwrap();
    let tokens = oauth.tokens(&key).unwrap();
    tokens.get().await.unwrap();
    tokens
}

fn hot(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let tokens = runtime.block_on(tokens());
    c.bench_function("reading the wall clock", |b| b.iter(|| SystemClock.unix()));
    c.bench_function("token at hand", |b| b.iter(|| tokens.ready().unwrap()));
    let credentials = tokens.credentials();
    let deadline = SystemClock.now() + Duration::from_secs(3600);
    let mut headers = HeaderMap::new();
    c.bench_function("header on a request", |b| {
        b.iter(|| {
            let mut context = Context::from_waker(Waker::noop());
            let authorize = pin!(credentials.authorize(black_box(&mut headers), deadline));
            let Poll::Ready(generation) = authorize.poll(&mut context) else {
                unreachable!("a token at hand is not waited for")
            };
            generation.unwrap()
        });
    });
}

criterion_group!(benches, hot);
criterion_main!(benches);
