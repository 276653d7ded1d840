//! Measures the store on a real file and prints a table: `cargo bench -p integration-events`.
//!
//! With `-- quick` the deep queue holds 100,000 deliveries instead of 1,000,000.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use integration_events::{
    AttemptResult, ClaimRequest, EventId, NewDelivery, NewEvent, Resolution, Settlement,
    SqliteConfig, SqliteStore, Store, UnixMillis,
};

const NOW: UnixMillis = UnixMillis(1_000_000);

fn main() {
    let is_quick = std::env::args().any(|word| word == "quick");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    println!(
        "{:<44} {:>10} {:>14}",
        "case", "per second", "writer us each"
    );
    for producers in [1, 16, 64] {
        runtime.block_on(appends(producers, SqliteConfig::default(), "group commit"));
    }
    let each = SqliteConfig::default().with_commit_per_event(true);
    runtime.block_on(appends(64, each, "commit per event"));
    for depth in [20_000, if is_quick { 100_000 } else { 1_000_000 }] {
        runtime.block_on(deliveries(depth));
    }
}

/// Gives every event a random id, as a hash is, and a body of 1 KB.
fn event(no: u64) -> NewEvent {
    let scattered = u128::from(no).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    NewEvent {
        id: EventId::from_bytes(scattered.to_be_bytes()),
        source: Arc::from("stripe"),
        provider_id: format!("evt_{no}"),
        id_signed: true,
        event_type: Some("invoice.paid".to_owned()),
        occurred_at: Some(NOW),
        received_at: NOW,
        headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
        body: Bytes::from_static(&[b'x'; 1024]),
        deliveries: vec![NewDelivery {
            route: Arc::from("billing"),
            order_key: None,
            max_attempts: 8,
        }],
    }
}

async fn appends(producers: u64, config: SqliteConfig, name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("events.db"), config).unwrap();
    let (start, cpu) = (now(), writer_cpu());
    let each = if producers == 1 {
        3_000
    } else {
        40_000 / producers
    };
    let tasks = (0..producers).map(|producer| {
        let store = store.clone();
        tokio::spawn(async move {
            for no in 0..each {
                store.append(event(producer << 32 | no)).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    report(
        &format!("append, {name}, {producers} producers"),
        each * producers,
        start,
        cpu,
    );
}

async fn deliveries(depth: u64) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    let config = SqliteConfig::default().with_queue(4096);
    let store = SqliteStore::open(path, config).unwrap();
    let (start, cpu) = (now(), writer_cpu());
    let tasks = (0..1024).map(|producer| {
        let store = store.clone();
        tokio::spawn(async move {
            for no in 0..depth / 1024 + 1 {
                store.append(event(producer << 32 | no)).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    report(&format!("append to a depth of {depth}"), depth, start, cpu);
    for (batch, count) in [(1, 3_000), (100, 10_000)] {
        work_off(&store, depth, batch, count).await;
    }
}

async fn work_off(store: &SqliteStore, depth: u64, batch: usize, count: u64) {
    let (start, cpu) = (now(), writer_cpu());
    let (mut done, mut settlements) = (0, Vec::new());
    // As a dispatcher does: what has ended is settled and the next is claimed in one commit.
    while done < count {
        let request = ClaimRequest {
            limit: batch,
            lease: Duration::from_secs(30),
            now: NOW,
            routes: None,
        };
        let ended = std::mem::take(&mut settlements);
        let (settled, leases) = store.settle_and_claim(ended, request).await.unwrap();
        done += settled.len() as u64;
        settlements.extend(leases.iter().map(|lease| Settlement {
            delivery: lease.delivery,
            token: lease.token,
            attempt: AttemptResult::default(),
            resolution: Resolution::Done,
        }));
    }
    report(
        &format!("claim + settle {batch} at a depth of {depth}"),
        done,
        start,
        cpu,
    );
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn now() -> Instant {
    Instant::now()
}

fn report(case: &str, count: u64, start: Instant, cpu: Option<Duration>) {
    let elapsed = start.elapsed().as_secs_f64();
    let each = writer_cpu().map_or(f64::NAN, |now| {
        now.saturating_sub(cpu.unwrap_or_default()).as_secs_f64() * 1e6 / count as f64
    });
    println!("{case:<44} {:>10.0} {each:>14.1}", count as f64 / elapsed);
}

/// Returns the CPU time of the writer thread where the system tells it, in clock ticks of 10 ms.
fn writer_cpu() -> Option<Duration> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let mut ticks = 0;
    for task in tasks.flatten() {
        let stat = std::fs::read_to_string(task.path().join("stat")).ok()?;
        if let Some((_, fields)) = stat.split_once("(events-writer) ") {
            let times = fields.split(' ').skip(11).take(2);
            ticks += times
                .filter_map(|time| time.parse::<u64>().ok())
                .sum::<u64>();
        }
    }
    Some(Duration::from_millis(ticks * 10))
}
