//! `cargo bench -p integration-oauth --bench seal`: what sealing costs, and how long it takes to move
//! ten thousand records to a new key while they are read.
//!
//! The figures are wall time: median and extremes of the rounds. On a machine that does other things
//! the least is nearest to what the work itself takes.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench is a program for people: it prints, and stops at the first surprise"
)]

use std::{
    hint::black_box,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use integration_core::{Clock, SystemClock};
use integration_oauth::{
    connection::{ConnectionKey, ConnectionState},
    seal::{KeyRing, SealingKey, Slot, Vault},
    store::{Change, MemoryStore, Swap, TokenStore},
};

/// Bytes of a record: an access token that is a JWT, a refresh token and what is around them.
const RECORD: usize = 1500;

const RECORDS: usize = 10_000;

/// Rounds of each row; odd, so that the median was measured.
const ROUNDS: usize = 21;

/// Operations of a round.
const OPERATIONS: u32 = 5_000;

/// Times that all records are moved.
const MOVES: usize = 7;

fn main() {
    // `cargo test --benches` runs this binary too, without `--bench`: it built, that is the test.
    if std::env::args().any(|word| word == "--bench") {
        run();
    }
}

fn run() {
    let ring = KeyRing::new(SealingKey::generate("bench").unwrap());
    let (key, plain) = (key(0), plain());
    let slot = Slot::tokens(&key, 7);
    let sealed = now(ring.seal(&slot, &plain));
    println!("| a record of 1.5 KB | µs |\n|---|---|");
    report(
        "sealed",
        &micros(|| drop(black_box(now(ring.seal(&slot, &plain))))),
    );
    report(
        "opened",
        &micros(|| drop(black_box(now(ring.open(&slot, &sealed))))),
    );
    let both = micros(|| {
        let sealed = now(ring.seal(&slot, black_box(&plain)));
        drop(black_box(now(ring.open(&slot, &sealed))));
    });
    report("sealed and opened", &both);
    let moves = moves();
    println!("\n| {RECORDS} records in memory, read meanwhile | s |\n|---|---|");
    report("moved to a new key", &moves);
    println!();
    bar("seal and open 1.5 KB, µs", &both, 5.0);
    bar("rewrap 10,000 records, s", &moves, 2.0);
}

/// Microseconds of one operation, in each of the rounds.
fn micros(mut operation: impl FnMut()) -> Vec<f64> {
    let mut round = || {
        let started = SystemClock.now();
        for _ in 0..OPERATIONS {
            operation();
        }
        started.elapsed().as_secs_f64() * 1e6 / f64::from(OPERATIONS)
    };
    round();
    (0..ROUNDS).map(|_| round()).collect()
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn report(what: &str, figures: &[f64]) {
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let most = figures.iter().copied().fold(0.0, f64::max);
    println!(
        "| {what} | {:.3} ({least:.3}..{most:.3}) |",
        median(figures)
    );
}

fn bar(what: &str, figures: &[f64], most: f64) {
    let median = median(figures);
    let word = if median <= most { "PASS" } else { "miss" };
    println!("{word}: {what}: {median:.3}, at most {most}");
}

/// The result of what never waits with keys at hand.
fn now<T>(future: impl Future<Output = integration_core::Result<T>>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(done) => done.unwrap(),
        Poll::Pending => unreachable!("no key is remote"),
    }
}

/// Seconds of moving all records, each time to another key.
fn moves() -> Vec<f64> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).build().unwrap();
    let mut seconds = Vec::new();
    runtime.block_on(async {
        let mut current = SealingKey::generate("0").unwrap();
        let store: Arc<dyn TokenStore> = Arc::new(MemoryStore::new());
        let ring = KeyRing::new(current.clone());
        for n in 0..RECORDS {
            let key = key(n);
            let change = Change {
                state: ConnectionState::Active,
                sealed: ring.seal(&Slot::tokens(&key, 1), &plain()).await.unwrap(),
                expires_at: None,
                due_at: None,
            };
            assert_eq!(store.put_new(&key, change).await.unwrap(), Swap::Done(1));
        }
        for round in 1..=MOVES {
            let next = SealingKey::generate(&round.to_string()).unwrap();
            let both = KeyRing::new(next.clone()).with_key(current).unwrap();
            let is_done = Arc::new(AtomicBool::new(false));
            let reader = tokio::spawn(read(store.clone(), both.clone(), is_done.clone()));
            let started = SystemClock.now();
            let done = both.rewrap_all(&store).await.unwrap();
            seconds.push(started.elapsed().as_secs_f64());
            assert_eq!(done.rewrapped, RECORDS as u64);
            is_done.store(true, Ordering::Relaxed);
            reader.await.unwrap();
            current = next;
        }
    });
    seconds
}

/// Opens one record after the other until it is told to stop.
async fn read(store: Arc<dyn TokenStore>, ring: KeyRing, is_done: Arc<AtomicBool>) {
    for n in (0..RECORDS).cycle() {
        if is_done.load(Ordering::Relaxed) {
            return;
        }
        let key = key(n);
        let record = store.get(&key).await.unwrap().unwrap();
        let opened = ring.open(&Slot::tokens(&key, 1), &record.sealed).await;
        black_box(opened.unwrap());
        tokio::task::yield_now().await;
    }
}

fn key(n: usize) -> ConnectionKey {
    ConnectionKey::new("acme", "github", n.to_string()).unwrap()
}

fn plain() -> Vec<u8> {
    (0..RECORD).map(|n| n.to_le_bytes()[0]).collect()
}
