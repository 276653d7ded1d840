//! How long it takes to parse an event. Run: `INTEGRATION_SHARED=.. cargo bench -p integration-stripe`.
#![expect(
    clippy::unwrap_used,
    reason = "a bench without its input has nothing to say"
)]

use std::{env, fs, hint::black_box, path::PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use integration_stripe::Node;

/// Recorded events, by size; without the recordings the fixture of the tests.
fn texts() -> Vec<(String, Vec<u8>)> {
    let shared = env::var_os("INTEGRATION_SHARED")
        .map(PathBuf::from)
        .unwrap_or_default();
    let folder = shared.join("corpus/stripe/events");
    let read = |name: &str| Some((name.to_owned(), fs::read(folder.join(name)).ok()?));
    let recorded = ["payment_intent_succeeded.json", "invoice_paid.json"];
    let found: Vec<_> = recorded.into_iter().filter_map(read).collect();
    if found.is_empty() {
        return vec![(
            "customer.json".to_owned(),
            include_bytes!("../tests/fixtures/customer.json").to_vec(),
        )];
    }
    found
}

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    for (name, text) in texts() {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| Node::parse(black_box(&text)).unwrap()));
    }
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
