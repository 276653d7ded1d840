//! The state machine of a delivery against a model that is too simple to be wrong.

use std::collections::HashSet;

use integration_events::{
    DeliveryFilter, DeliveryState, Lease, ReplayFilter, Resolution, Settled, SqliteStore, Store,
};
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

/// What the model knows: how much was appended, and which leases must count and which must not.
#[derive(Default)]
struct Model {
    appended: u64,
    held: Vec<Lease>,
    stale: Vec<Lease>,
}

async fn check(steps: Vec<Step>) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut model = Model::default();
    for step in steps {
        model.take(&store, step).await;
        model.agrees(&store).await;
    }
    for lease in &model.stale {
        assert_eq!(
            settle(&store, lease, Resolution::Done).await,
            Settled::Stale
        );
    }
    // Nothing is stuck: whatever is unfinished can be worked off.
    loop {
        model.held.extend(claim(&store, 10, NOW).await);
        if model.held.is_empty() {
            break;
        }
        for lease in model.held.drain(..) {
            settle(&store, &lease, Resolution::Done).await;
        }
    }
    let stats = stats(&store).await;
    assert_eq!(
        stats.count(DeliveryState::Ready) + stats.count(DeliveryState::Blocked),
        0
    );
}

impl Model {
    async fn take(&mut self, store: &SqliteStore, step: Step) {
        match step {
            Step::Append(key) => {
                let new = event(self.appended.into(), "a", Some(&key.to_string()));
                store.append(new).await.unwrap();
                self.appended += 1;
            }
            Step::Claim => self.held.extend(claim(store, 2, NOW).await),
            Step::Settle(which, how) if !self.held.is_empty() => {
                let lease = self.held.swap_remove(which % self.held.len());
                let resolution = match how {
                    0 => Resolution::Done,
                    1 => Resolution::Retry { due_at: NOW },
                    2 => Resolution::Release { due_at: NOW },
                    _ => Resolution::Dead,
                };
                assert_eq!(settle(store, &lease, resolution).await, Settled::Applied);
                self.stale.push(lease);
            }
            Step::Settle(..) => {}
            Step::Crash => {
                store.release_all(NOW).await.unwrap();
                self.stale.append(&mut self.held);
            }
            Step::Replay => {
                let dead = count(store, DeliveryState::Dead).await;
                assert_eq!(
                    store.replay(ReplayFilter::default(), NOW).await.unwrap(),
                    dead
                );
            }
            Step::Drop => {
                let dead = count(store, DeliveryState::Dead).await;
                let dropped = store.drop_dead(DeliveryFilter::default(), NOW).await;
                assert_eq!(dropped.unwrap(), dead);
            }
        }
    }

    async fn agrees(&self, store: &SqliteStore) {
        let keys: HashSet<_> = self.held.iter().map(|lease| &lease.order_key).collect();
        assert_eq!(keys.len(), self.held.len(), "two of one key are in flight");
        let stats = stats(store).await;
        let total: u64 = DeliveryState::ALL
            .iter()
            .map(|state| stats.count(*state))
            .sum();
        let leased = stats.count(DeliveryState::Leased);
        assert_eq!((total, leased), (self.appended, self.held.len() as u64));
    }
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
