//! The right to refresh, and waiting for who has it.

use std::time::Duration;

use integration_oauth::store::{Leasing, Swap};
use tokio::time::timeout;

use super::rig::{LONG, Rig, SHORT, key};

pub(super) async fn one_owner_at_a_time_has_the_lease(rig: &Rig) {
    rig.put(&key("a"), b"").await;
    let before = rig.get(&key("a")).await;
    let record = rig.granted(&key("a"), "one", LONG).await;
    assert_eq!(record.fence, before.fence + 1);
    assert_eq!((record.version, record.intent_at), (1, None));
    let held = rig.get(&key("a")).await;
    assert_eq!(held.fence, record.fence);
    assert_eq!(held.lease.as_ref().unwrap().owner, "one");
    assert!(held.intent_at.is_some());
    for owner in ["two", "one"] {
        match rig.lease(&key("a"), owner, LONG).await {
            Leasing::Held { wait, record } => {
                assert!(wait <= LONG && wait > LONG / 2, "{wait:?}");
                assert_eq!(record, held);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(rig.get(&key("a")).await, held);
    let swap = rig.swap(&key("a"), 1, Some(held.fence), b"new").await;
    assert_eq!(swap, Swap::Done(2));
    let after = rig.get(&key("a")).await;
    assert_eq!((after.lease, after.intent_at), (None, None));
}

pub(super) async fn of_many_owners_one_gets_the_lease(rig: &Rig) {
    rig.put(&key("a"), b"").await;
    for round in 1..6 {
        let tasks: Vec<_> = (0..12)
            .map(|n| {
                let tokens = rig.tokens.clone();
                tokio::spawn(async move {
                    let owner = format!("owner {n}");
                    match tokens.lease(&key("a"), &owner, LONG).await.unwrap() {
                        Leasing::Granted { record } => Some((owner, record.fence)),
                        Leasing::Held { .. } => None,
                        Leasing::Missing => panic!("it is there"),
                    }
                })
            })
            .collect();
        let mut winners = Vec::new();
        for task in tasks {
            winners.extend(task.await.unwrap());
        }
        let [(owner, fence)] = winners.as_slice() else {
            panic!("{winners:?}")
        };
        let record = rig.get(&key("a")).await;
        assert_eq!(record.lease.as_ref().unwrap().owner, *owner);
        let swap = rig.swap(&key("a"), round, Some(*fence), b"").await;
        assert_eq!(swap, Swap::Done(round + 1));
    }
}

pub(super) async fn an_ended_lease_is_taken_over_with_its_intent(rig: &Rig) {
    rig.put(&key("a"), b"").await;
    let died = rig.granted(&key("a"), "died", SHORT).await;
    let intent = rig.get(&key("a")).await.intent_at;
    rig.pass(SHORT * 2).await;
    let heir = rig.granted(&key("a"), "heir", LONG).await;
    assert_eq!(heir.fence, died.fence + 1);
    assert_eq!(heir.intent_at, intent);
    assert!(intent.is_some());
    assert_eq!(rig.get(&key("a")).await.intent_at, intent, "it stays");
}

pub(super) async fn a_late_owner_writes_nothing_and_parks(rig: &Rig) {
    rig.put(&key("a"), b"old").await;
    let late = rig.granted(&key("a"), "late", SHORT).await.fence;
    rig.pass(SHORT * 2).await;
    let heir = rig.granted(&key("a"), "heir", LONG).await.fence;
    let held = rig.get(&key("a")).await;
    assert_eq!(rig.swap(&key("a"), 1, Some(late), b"x").await, Swap::Stale);
    assert!(!rig.tokens.renew(&key("a"), late, LONG).await.unwrap());
    assert!(!rig.tokens.release(&key("a"), late, false).await.unwrap());
    assert_eq!(rig.get(&key("a")).await, held);
    let park = rig.tokens.park(&key("a"), late, b"rotated".to_vec()).await;
    park.unwrap();
    let record = rig.get(&key("a")).await;
    assert_eq!(record.parked, Some((late, b"rotated".to_vec())));
    let swap = rig.swap(&key("a"), 1, Some(heir), b"new").await;
    assert_eq!(swap, Swap::Done(2));
    assert_eq!(rig.get(&key("a")).await.parked, None);
}

pub(super) async fn tokens_of_a_later_owner_stay_parked(rig: &Rig) {
    rig.put(&key("a"), b"old").await;
    let one = rig.granted(&key("a"), "one", Duration::ZERO).await.fence;
    let two = rig.granted(&key("a"), "two", Duration::ZERO).await.fence;
    rig.granted(&key("a"), "three", LONG).await;
    for (fence, sealed) in [(two, b"two"), (one, b"one"), (u64::MAX >> 1, b"???")] {
        let park = rig.tokens.park(&key("a"), fence, sealed.to_vec()).await;
        park.unwrap();
        let record = rig.get(&key("a")).await;
        assert_eq!(record.parked, Some((two, b"two".to_vec())));
    }
}

pub(super) async fn a_renewed_lease_lasts(rig: &Rig) {
    rig.put(&key("a"), b"").await;
    let fence = rig.granted(&key("a"), "owner", SHORT).await.fence;
    assert!(rig.tokens.renew(&key("a"), fence, LONG).await.unwrap());
    rig.pass(SHORT * 2).await;
    let other = rig.lease(&key("a"), "other", LONG).await;
    assert!(matches!(other, Leasing::Held { .. }), "{other:?}");
    assert!(!rig.tokens.renew(&key("a"), fence + 1, LONG).await.unwrap());
    assert!(!rig.tokens.renew(&key("a"), fence - 1, LONG).await.unwrap());
}

pub(super) async fn a_released_lease_is_free_and_its_intent_is_as_told(rig: &Rig) {
    rig.put(&key("a"), b"tokens").await;
    for keeps_intent in [false, true] {
        let fence = rig.granted(&key("a"), "owner", LONG).await.fence;
        let tokens = &rig.tokens;
        let released = tokens.release(&key("a"), fence, keeps_intent).await;
        assert!(released.unwrap());
        let record = rig.get(&key("a")).await;
        assert_eq!(record.lease, None);
        assert_eq!(record.intent_at.is_some(), keeps_intent);
        assert_eq!((record.version, record.fence), (1, fence));
        assert!(!tokens.release(&key("a"), fence, false).await.unwrap());
        assert!(!tokens.renew(&key("a"), fence, LONG).await.unwrap());
    }
}

pub(super) async fn a_write_without_a_fence_leaves_the_lease(rig: &Rig) {
    rig.put(&key("a"), b"old").await;
    let fence = rig.granted(&key("a"), "owner", LONG).await.fence;
    assert_eq!(rig.swap(&key("a"), 1, None, b"login").await, Swap::Done(2));
    let record = rig.get(&key("a")).await;
    assert_eq!(record.lease.as_ref().unwrap().owner, "owner");
    assert_eq!(record.intent_at, None, "it spoke of the tokens before");
    assert_eq!(rig.swap(&key("a"), 1, Some(fence), b"x").await, Swap::Stale);
    assert!(rig.tokens.release(&key("a"), fence, false).await.unwrap());
}

/// Long enough that only a wake-up, or a look every moment, explains a return before it.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn waiting_ends_with_the_next_version(rig: &Rig) {
    rig.put(&key("a"), b"").await;
    let fence = rig.granted(&key("a"), "owner", LONG).await.fence;
    let tokens = rig.tokens.clone();
    let waiting = tokio::spawn(async move { tokens.changed(&key("a"), 1, LONG).await });
    rig.pass(SHORT).await;
    assert!(!waiting.is_finished());
    let swap = rig.swap(&key("a"), 1, Some(fence), b"new").await;
    assert_eq!(swap, Swap::Done(2));
    let waited = timeout(PATIENCE, waiting).await.expect("a wake-up");
    waited.unwrap().unwrap();
}

pub(super) async fn waiting_ends_with_the_release(rig: &Rig) {
    rig.put(&key("a"), b"").await;
    let fence = rig.granted(&key("a"), "owner", LONG).await.fence;
    let tokens = rig.tokens.clone();
    let waiting = tokio::spawn(async move { tokens.changed(&key("a"), 1, LONG).await });
    rig.pass(SHORT).await;
    assert!(!waiting.is_finished());
    assert!(rig.tokens.release(&key("a"), fence, false).await.unwrap());
    let waited = timeout(PATIENCE, waiting).await.expect("a wake-up");
    waited.unwrap().unwrap();
}

pub(super) async fn waiting_ends_with_the_lease(rig: &Rig) {
    rig.put(&key("a"), b"").await;
    rig.granted(&key("a"), "died", SHORT).await;
    let a = key("a");
    let waiting = rig.tokens.changed(&a, 1, LONG);
    let waited = timeout(PATIENCE, waiting).await.expect("an end");
    waited.unwrap();
    rig.granted(&a, "heir", LONG).await;
}

pub(super) async fn waiting_ends_at_its_limit(rig: &Rig) {
    rig.put(&key("a"), b"").await;
    rig.granted(&key("a"), "owner", LONG).await;
    let a = key("a");
    let waiting = rig.tokens.changed(&a, 1, SHORT);
    let waited = timeout(PATIENCE, waiting).await.expect("the limit");
    waited.unwrap();
}

pub(super) async fn nobody_waits_where_there_is_nothing_to_wait_for(rig: &Rig) {
    let started = rig.clock.unix();
    let tokens = &rig.tokens;
    tokens.changed(&key("missing"), 1, LONG).await.unwrap();
    rig.put(&key("a"), b"").await;
    tokens.changed(&key("a"), 1, LONG).await.unwrap();
    rig.granted(&key("a"), "owner", LONG).await;
    tokens.changed(&key("a"), 7, LONG).await.unwrap();
    assert!(rig.clock.unix() - started < PATIENCE);
}
