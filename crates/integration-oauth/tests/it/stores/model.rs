//! Calls in any order, against what a few lines of a model say they do.

use std::{collections::BTreeMap, time::Duration};

use integration_oauth::store::{Filter, Leasing, Record, Swap};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::rig::{LONG, Rig, change, key};

#[derive(Clone, Debug)]
enum Call {
    Put,
    /// Swaps this far off the last version, with a fence this far off the last.
    Swap(u64, Option<u64>),
    /// Leases until long after, or until now.
    Lease(bool),
    Renew(u64),
    Release(u64, bool),
    Park(u64),
    Reseal(bool),
    Delete,
}

/// What a connection is in the model.
#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    version: u64,
    content: u8,
    fence: u64,
    /// Whether a lease stands there, and whether it still lasts.
    lease: Option<bool>,
    has_intent: bool,
    parked: Option<(u64, u8)>,
}

pub(super) async fn any_order_of_calls_does_what_the_model_does(rig: &Rig) {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let calls = prop::collection::vec((0..3_u8, call()), 1..40);
    for case in 0..rig.cases {
        let calls = calls.new_tree(&mut runner).unwrap().current();
        let mut model = BTreeMap::new();
        for (n, (account, call)) in (0_u8..).zip(&calls) {
            let key = format!("{case} {account}");
            step(rig, &mut model, &key, call, n).await;
            let found = rig.tokens.get(&crate::stores::rig::key(&key)).await;
            let found = found.unwrap().map(|record| seen(&record));
            assert_eq!(found.as_ref(), model.get(&key), "{n} of {calls:?}");
        }
        for key in model.keys() {
            rig.tokens
                .delete(&crate::stores::rig::key(key))
                .await
                .unwrap();
        }
    }
    assert!(rig.list(Filter::default()).await.records.is_empty());
}

fn call() -> impl Strategy<Value = Call> {
    let off = || prop_oneof![4 => Just(0), 1 => 0..3_u64];
    prop_oneof![
        3 => Just(Call::Put),
        3 => (off(), prop::option::of(off())).prop_map(|(version, fence)| Call::Swap(version, fence)),
        4 => any::<bool>().prop_map(Call::Lease),
        1 => off().prop_map(Call::Renew),
        2 => (off(), any::<bool>()).prop_map(|(fence, keeps)| Call::Release(fence, keeps)),
        2 => off().prop_map(Call::Park),
        1 => any::<bool>().prop_map(Call::Reseal),
        1 => Just(Call::Delete),
    ]
}

/// Makes a call to both, and compares what they answer.
#[expect(
    clippy::too_many_lines,
    reason = "one arm a call, beside what the model does"
)]
async fn step(rig: &Rig, model: &mut BTreeMap<String, Row>, name: &str, call: &Call, n: u8) {
    let (tokens, key) = (&rig.tokens, key(name));
    let Some(row) = model.get_mut(name) else {
        if matches!(call, Call::Put) {
            rig.put(&key, &[n]).await;
            let fence = rig.get(&key).await.fence;
            let row = Row {
                version: 1,
                content: n,
                fence,
                ..Row::default()
            };
            model.insert(name.to_owned(), row);
        }
        return;
    };
    match *call {
        Call::Put => {
            let put = tokens.put_new(&key, change(&[n])).await.unwrap();
            assert_eq!(put, Swap::Stale);
        }
        Call::Swap(version, fence) => {
            let fits = version == 0 && fence.is_none_or(|off| off == 0);
            let fence = fence.map(|off| row.fence - off);
            let swap = rig
                .swap(&key, row.version - version.min(1), fence, &[n])
                .await;
            if !fits {
                assert_eq!(swap, Swap::Stale);
                return;
            }
            assert_eq!(swap, Swap::Done(row.version + 1));
            *row = Row {
                version: row.version + 1,
                content: n,
                lease: row.lease.filter(|_| fence.is_none()),
                has_intent: false,
                parked: None,
                ..*row
            };
        }
        Call::Lease(lasts) => {
            let ttl = if lasts { LONG } else { Duration::ZERO };
            match rig.lease(&key, "owner", ttl).await {
                Leasing::Granted { record } => {
                    assert_ne!(row.lease, Some(true));
                    assert_eq!(record.intent_at.is_some(), row.has_intent);
                    row.fence += 1;
                    assert_eq!(record.fence, row.fence);
                    (row.lease, row.has_intent) = (Some(lasts), true);
                }
                Leasing::Held { .. } => assert_eq!(row.lease, Some(true)),
                Leasing::Missing => panic!("it is there"),
            }
        }
        Call::Renew(off) => {
            let renewed = tokens.renew(&key, row.fence - off, LONG).await.unwrap();
            assert_eq!(renewed, off == 0 && row.lease.is_some());
            if renewed {
                row.lease = Some(true);
            }
        }
        Call::Release(off, keeps_intent) => {
            let released = tokens.release(&key, row.fence - off, keeps_intent);
            let released = released.await.unwrap();
            assert_eq!(released, off == 0 && row.lease.is_some());
            if released {
                row.lease = None;
                row.has_intent &= keeps_intent;
            }
        }
        Call::Park(off) => {
            let fence = row.fence - off;
            tokens.park(&key, fence, vec![n, 1]).await.unwrap();
            if row.parked.is_none_or(|(held, _)| held <= fence) {
                row.parked = Some((fence, n));
            }
        }
        Call::Reseal(fits) => {
            let old = if fits {
                row.content
            } else {
                row.content.wrapping_add(1)
            };
            let resealed = tokens.reseal(&key, &[old], vec![n]).await.unwrap();
            assert_eq!(resealed, fits);
            if fits {
                row.content = n;
            }
        }
        Call::Delete => {
            assert!(tokens.delete(&key).await.unwrap());
            model.remove(name);
        }
    }
}

/// A record as the model would have it. No test lasts so long that a long lease ends.
fn seen(record: &Record) -> Row {
    let lease = record.lease.as_ref();
    Row {
        version: record.version,
        content: record.sealed[0],
        fence: record.fence,
        lease: lease.map(|lease| lease.until > record.updated_at + LONG / 2),
        has_intent: record.intent_at.is_some(),
        parked: record
            .parked
            .as_ref()
            .map(|(fence, bytes)| (*fence, bytes[0])),
    }
}
