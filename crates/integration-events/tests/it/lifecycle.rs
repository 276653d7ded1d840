//! A delivery from append to retention.

use std::{collections::HashSet, time::Duration};

use integration_events::{
    DeliveryFilter, DeliveryState, ErrorKind, EventFilter, PageRequest, ReplayFilter, Resolution,
    RetentionPolicy, Settled, SqliteConfig, SqliteStore, Store, Stored, UnixMillis, limits,
};

use crate::support::{NOW, claim, count, event, open, settle, settle_at, settlement, stats};

#[tokio::test]
async fn an_event_is_read_back_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let new = event(1, "a", None);
    assert_eq!(store.append(new.clone()).await.unwrap(), Stored::New);
    assert_eq!(store.append(new.clone()).await.unwrap(), Stored::Duplicate);
    let view = store.event(new.id).await.unwrap().unwrap();
    assert_eq!((view.body, view.headers), (new.body, new.headers));
    assert_eq!(view.duplicates, 1);
    assert_eq!(count(&store, DeliveryState::Ready).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appends_share_commits() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let appends = (0..32_u128).map(|producer| {
        let store = store.clone();
        tokio::spawn(async move {
            for no in 0..50 {
                let new = event(producer * 1000 + no, "a", None);
                assert_eq!(store.append(new).await.unwrap(), Stored::New);
            }
        })
    });
    for append in appends.collect::<Vec<_>>() {
        append.await.unwrap();
    }
    let stats = stats(&store).await;
    assert_eq!(stats.events, 1600);
    assert!(stats.commits < 1600, "{} commits", stats.commits);
}

#[tokio::test]
async fn a_stale_token_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(event(1, "a", None)).await.unwrap();
    let first = claim(&store, 1, NOW).await.remove(0);
    let later = NOW.plus(Duration::from_secs(31));
    assert_eq!(store.release_expired(later).await.unwrap(), 1);
    let second = claim(&store, 1, later).await.remove(0);
    assert!(second.token > first.token);
    assert_eq!(
        settle(&store, &first, Resolution::Done).await,
        Settled::Stale
    );
    assert_eq!(
        settle(&store, &second, Resolution::Done).await,
        Settled::Applied
    );
    assert_eq!(
        settle(&store, &second, Resolution::Done).await,
        Settled::Stale
    );
}

#[tokio::test]
async fn a_delivery_that_loses_too_many_workers_is_dead() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(event(1, "a", None)).await.unwrap();
    for lost in 0..=limits::MAX_LOST {
        assert_eq!(count(&store, DeliveryState::Dead).await, 0, "after {lost}");
        assert_eq!(claim(&store, 1, NOW).await.len(), 1);
        store.release_all(NOW).await.unwrap();
    }
    assert_eq!(count(&store, DeliveryState::Dead).await, 1);
    let page = store.deliveries(DeliveryFilter::default(), PageRequest::default());
    let dead = page.await.unwrap().items.remove(0);
    assert_eq!(dead.last_error.as_deref(), Some("worker lost"));
    assert_eq!(store.attempts(dead.id).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_failing_head_parks_only_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for (no, key) in [
        (1, Some("k")),
        (2, Some("k")),
        (3, Some("other")),
        (4, None),
    ] {
        store.append(event(no, "a", key)).await.unwrap();
    }
    assert_eq!(count(&store, DeliveryState::Blocked).await, 1);
    let leases = claim(&store, 10, NOW).await;
    assert_eq!(leases.len(), 3);
    let due_at = NOW.plus(Duration::from_secs(60));
    settle(&store, &leases[0], Resolution::Retry { due_at }).await;
    assert!(claim(&store, 10, NOW).await.is_empty());
    let retried = claim(&store, 10, due_at).await;
    assert_eq!((retried.len(), retried[0].attempt), (1, 2));
    settle(&store, &retried[0], Resolution::Done).await;
    assert_eq!(claim(&store, 10, due_at).await[0].provider_id, "p2");
}

#[tokio::test]
async fn the_last_attempt_is_dead_with_its_history_and_can_be_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(event(1, "a", Some("k"))).await.unwrap();
    for attempt in 1..=3 {
        let lease = claim(&store, 1, NOW).await.remove(0);
        assert_eq!(lease.attempt, attempt);
        settle(&store, &lease, Resolution::Retry { due_at: NOW }).await;
    }
    let filter = DeliveryFilter {
        states: vec![DeliveryState::Dead],
        ..Default::default()
    };
    let dead = store
        .deliveries(filter, PageRequest::default())
        .await
        .unwrap()
        .items
        .remove(0);
    let outcomes = store.attempts(dead.id).await.unwrap();
    let outcomes: Vec<_> = outcomes.iter().map(|a| a.outcome.as_str()).collect();
    assert_eq!(outcomes, ["retry", "retry", "dead"]);

    let dry = ReplayFilter {
        dry_run: true,
        ..Default::default()
    };
    assert_eq!(store.replay(dry, NOW).await.unwrap(), 1);
    assert!(claim(&store, 1, NOW).await.is_empty());
    assert_eq!(store.replay(ReplayFilter::default(), NOW).await.unwrap(), 1);
    let lease = claim(&store, 1, NOW).await.remove(0);
    assert_eq!((lease.attempt, lease.replays), (1, 1));
}

#[tokio::test]
async fn a_replayed_delivery_waits_for_the_one_in_flight_with_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(event(1, "a", Some("k"))).await.unwrap();
    store.append(event(2, "a", Some("k"))).await.unwrap();
    let first = claim(&store, 9, NOW).await.remove(0);
    settle(&store, &first, Resolution::Dead).await;
    let second = claim(&store, 9, NOW).await.remove(0);
    assert_eq!(store.replay(ReplayFilter::default(), NOW).await.unwrap(), 1);
    assert!(claim(&store, 9, NOW).await.is_empty());
    settle(&store, &second, Resolution::Done).await;
    assert_eq!(claim(&store, 9, NOW).await[0].delivery, first.delivery);
}

#[tokio::test]
async fn a_replay_with_a_rate_is_spread_over_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for no in 0..10 {
        store.append(event(no, "a", None)).await.unwrap();
    }
    let leases = claim(&store, 10, NOW).await;
    let dead = leases
        .iter()
        .map(|lease| settlement(lease, Resolution::Dead))
        .collect();
    store.settle(dead, NOW).await.unwrap();
    let replay = ReplayFilter {
        rate: Some(2),
        ..Default::default()
    };
    assert_eq!(store.replay(replay, NOW).await.unwrap(), 10);
    assert_eq!(claim(&store, 10, NOW).await.len(), 1);
    assert_eq!(
        claim(&store, 10, NOW.plus(Duration::from_secs(1)))
            .await
            .len(),
        2
    );
    assert_eq!(
        claim(&store, 10, NOW.plus(Duration::from_millis(4499)))
            .await
            .len(),
        6
    );
    assert_eq!(
        claim(&store, 10, NOW.plus(Duration::from_millis(4500)))
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn dropped_dead_letters_are_not_replayed_by_default() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(event(1, "a", None)).await.unwrap();
    let lease = claim(&store, 1, NOW).await.remove(0);
    settle(&store, &lease, Resolution::Dead).await;
    assert_eq!(
        store
            .drop_dead(DeliveryFilter::default(), NOW)
            .await
            .unwrap(),
        1
    );
    assert_eq!(store.replay(ReplayFilter::default(), NOW).await.unwrap(), 0);
    assert_eq!(count(&store, DeliveryState::Dropped).await, 1);
}

#[tokio::test]
async fn retention_empties_events_and_still_knows_duplicates_until_the_keys_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for no in 0..3 {
        store.append(event(no, "a", None)).await.unwrap();
    }
    let mut unrouted = event(9, "a", None);
    unrouted.deliveries.clear();
    store.append(unrouted).await.unwrap();
    let leases = claim(&store, 2, NOW).await;
    settle(&store, &leases[0], Resolution::Done).await;
    settle(&store, &leases[1], Resolution::Dead).await;
    let policy = RetentionPolicy::default();
    let day = Duration::from_secs(86_400);
    let just_before = UnixMillis(NOW.plus(7 * day).0 - 1);
    assert_eq!(store.prune(policy, just_before).await.unwrap(), 0);
    assert_eq!(store.prune(policy, NOW.plus(7 * day)).await.unwrap(), 2);
    assert_eq!(
        store.append(event(0, "a", None)).await.unwrap(),
        Stored::Duplicate
    );
    assert_eq!(store.prune(policy, NOW.plus(30 * day)).await.unwrap(), 1);
    assert_eq!(store.prune(policy, NOW.plus(90 * day)).await.unwrap(), 3);
    let stats = stats(&store).await;
    assert_eq!((stats.events, stats.count(DeliveryState::Ready)), (1, 1));
    assert_eq!(
        store.append(event(0, "a", None)).await.unwrap(),
        Stored::New
    );
}

#[tokio::test]
async fn a_full_quota_refuses_appends_keeps_what_it_has_and_resumes_after_a_prune() {
    // Several to a page, one to a page, several pages each.
    for size in [500, 4096, 20_000] {
        fill_up_and_prune(size).await;
    }
}

async fn fill_up_and_prune(body: usize) {
    let dir = tempfile::tempdir().unwrap();
    let config = SqliteConfig::default().with_max_bytes(Some(1 << 20));
    let store = SqliteStore::open(dir.path().join("events.db"), config).unwrap();
    let mut stored = 0;
    let error = loop {
        let mut new = event(stored, "a", None);
        new.body = vec![7; body].into();
        match store.append(new).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert_eq!(u128::from(stats(&store).await.events), stored);
    loop {
        let leases = claim(&store, 100, NOW).await;
        if leases.is_empty() {
            break;
        }
        let done = leases
            .iter()
            .map(|lease| settlement(lease, Resolution::Done))
            .collect();
        let settled = store.settle(done, NOW).await.unwrap();
        assert!(settled.iter().all(|s| *s == Settled::Applied));
    }
    let later = NOW.plus(RetentionPolicy::default().done);
    assert_eq!(
        u128::from(
            store
                .prune(RetentionPolicy::default(), later)
                .await
                .unwrap()
        ),
        stored
    );
    let half = u64::try_from(stored / 2).unwrap();
    for no in 0..half {
        let mut new = event(u128::MAX - u128::from(no), "a", None);
        new.body = vec![7; body].into();
        assert_eq!(store.append(new).await.unwrap(), Stored::New);
    }
}

#[tokio::test]
async fn limits_hold_at_the_limit_and_not_one_past_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut new = event(1, "a", None);
    let one = new.deliveries[0].clone();
    new.deliveries = vec![one.clone(); limits::MAX_DELIVERIES];
    new.headers = vec![("h".to_owned(), Vec::new()); limits::MAX_HEADERS];
    new.provider_id = "p".repeat(limits::MAX_NAME_BYTES);
    assert!(store.append(new.clone()).await.is_ok());
    let changes: [fn(&mut integration_events::NewEvent); 4] = [
        |new| new.deliveries.push(new.deliveries[0].clone()),
        |new| new.headers.push(("h".to_owned(), Vec::new())),
        |new| new.provider_id.push('p'),
        |new| new.deliveries[0].max_attempts = 0,
    ];
    for change in changes {
        let mut over = new.clone();
        change(&mut over);
        assert_eq!(
            store.append(over).await.unwrap_err().kind(),
            ErrorKind::Validation
        );
    }
    new.body = vec![0; limits::MAX_BODY_BYTES + 1].into();
    assert_eq!(
        store.append(new).await.unwrap_err().kind(),
        ErrorKind::BodyTooLarge
    );
}

#[tokio::test]
async fn an_error_is_cut_off_at_its_limit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(event(1, "a", None)).await.unwrap();
    let lease = claim(&store, 1, NOW).await.remove(0);
    let mut settlement = settlement(&lease, Resolution::Dead);
    settlement.attempt.error = Some("é".repeat(limits::MAX_ERROR_BYTES));
    store.settle(vec![settlement], NOW).await.unwrap();
    let kept = store
        .attempts(lease.delivery)
        .await
        .unwrap()
        .remove(0)
        .error
        .unwrap();
    assert_eq!(kept.len(), limits::MAX_ERROR_BYTES);
}

#[tokio::test]
async fn a_released_delivery_keeps_its_attempt() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(event(1, "a", None)).await.unwrap();
    for _ in 0..100 {
        let lease = claim(&store, 1, NOW).await.remove(0);
        assert_eq!(lease.attempt, 1);
        settle_at(&store, &lease, Resolution::Release { due_at: NOW }, NOW).await;
    }
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_overlap() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for no in 0..25 {
        store.append(event(no, "a", None)).await.unwrap();
    }
    let filter = EventFilter {
        event_type: Some("invoice.*".to_owned()),
        ..Default::default()
    };
    let mut page = PageRequest {
        limit: 10,
        after: None,
    };
    let mut seen = HashSet::new();
    let mut pages = 0;
    loop {
        let got = store.events(filter.clone(), page).await.unwrap();
        pages += 1;
        assert!(got.items.iter().all(|view| seen.insert(view.id)));
        page.after = got.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!((pages, seen.len()), (3, 25));
    let brackets = EventFilter {
        event_type: Some("[i]nvoice.*".to_owned()),
        ..Default::default()
    };
    assert!(store.events(brackets, page).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_full_queue_is_an_error_at_once_and_what_was_accepted_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let config = SqliteConfig::default().with_queue(1);
    let store = SqliteStore::open(dir.path().join("events.db"), config).unwrap();
    let appends = (0..500_u128).map(|no| {
        let store = store.clone();
        tokio::spawn(async move { store.append(event(no, "a", None)).await })
    });
    let (mut stored, mut refused) = (0, 0);
    for append in appends.collect::<Vec<_>>() {
        match append.await.unwrap() {
            Ok(_) => stored += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::BulkheadFull);
                refused += 1;
            }
        }
    }
    assert!(
        stored > 0 && refused > 0,
        "{stored} stored, {refused} refused"
    );
    assert_eq!(stats(&store).await.events, stored);
}
