//! The state machine of a delivery against a model that is too simple to be wrong.

use integration_events::{DeliveryFilter, DeliveryState, ReplayFilter, Resolution, Settled, Store};
use proptest::prelude::*;

use crate::support::{NOW, claim, count, event, open, settle, stats};

#[derive(Clone, Debug)]
enum Step {
    Append(u8),
    Claim,
    Settle(usize, u8),
    Crash,
    Replay,
    Drop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u8).prop_map(Step::Append),
        4 => Just(Step::Claim),
        6 => (any::<usize>(), 0..4_u8).prop_map(|(which, how)| Step::Settle(which, how)),
        1 => Just(Step::Crash),
        1 => Just(Step::Replay),
        1 => Just(Step::Drop),
    ]
}

async fn check(steps: Vec<Step>) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (mut held, mut stale, mut appended) = (Vec::new(), Vec::new(), 0_u64);
    for step in steps {
        match step {
            Step::Append(key) => {
                store
                    .append(event(appended.into(), "a", Some(&key.to_string())))
                    .await
                    .unwrap();
                appended += 1;
            }
            Step::Claim => held.extend(claim(&store, 2, NOW).await),
            Step::Settle(which, how) if !held.is_empty() => {
                let lease = held.swap_remove(which % held.len());
                let resolution = match how {
                    0 => Resolution::Done,
                    1 => Resolution::Retry { due_at: NOW },
                    2 => Resolution::Release { due_at: NOW },
                    _ => Resolution::Dead,
                };
                assert_eq!(settle(&store, &lease, resolution).await, Settled::Applied);
                stale.push(lease);
            }
            Step::Settle(..) => {}
            Step::Crash => {
                store.release_all(NOW).await.unwrap();
                stale.append(&mut held);
            }
            Step::Replay => {
                let dead = count(&store, DeliveryState::Dead).await;
                assert_eq!(
                    store.replay(ReplayFilter::default(), NOW).await.unwrap(),
                    dead
                );
            }
            Step::Drop => {
                let dead = count(&store, DeliveryState::Dead).await;
                let dropped = store
                    .drop_dead(DeliveryFilter::default(), NOW)
                    .await
                    .unwrap();
                assert_eq!(dropped, dead);
            }
        }
        let mut keys: Vec<_> = held.iter().map(|lease| lease.order_key.clone()).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), held.len(), "two of one key are in flight");
        let stats = stats(&store).await;
        let total: u64 = DeliveryState::ALL
            .iter()
            .map(|state| stats.count(*state))
            .sum();
        assert_eq!(
            (total, stats.count(DeliveryState::Leased)),
            (appended, held.len() as u64)
        );
    }
    for lease in &stale {
        assert_eq!(
            settle(&store, lease, Resolution::Done).await,
            Settled::Stale
        );
    }
    // Nothing is stuck: whatever is unfinished can be worked off.
    loop {
        held.extend(claim(&store, 10, NOW).await);
        if held.is_empty() {
            break;
        }
        for lease in held.drain(..) {
            settle(&store, &lease, Resolution::Done).await;
        }
    }
    let stats = stats(&store).await;
    assert_eq!(
        stats.count(DeliveryState::Ready) + stats.count(DeliveryState::Blocked),
        0
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn order_fencing_and_counts_hold_under_any_history(
        steps in proptest::collection::vec(step(), 1..60)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(check(steps));
    }
}
