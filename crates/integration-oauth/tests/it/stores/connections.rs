//! Versions, names, lists.

use std::time::Duration;

use integration_oauth::{
    ErrorKind,
    connection::{ConnectionKey, ConnectionState, ReauthReason},
    limits::MAX_SEALED,
    store::{Change, Filter, Swap},
};

use super::rig::{LONG, Rig, change, key};

pub(super) async fn a_connection_is_read_back_as_it_was_written(rig: &Rig) {
    let before = rig.clock.unix();
    let first = Change {
        expires_at: Some(Duration::from_micros(1_800_000_000_123_456)),
        due_at: Some(Duration::new(1_700_000_000, 123_456_789)),
        ..change(b"\x00sealed\xff")
    };
    let swap = rig.tokens.put_new(&key("a"), first).await.unwrap();
    assert_eq!(swap, Swap::Done(1));
    let record = rig.get(&key("a")).await;
    assert_eq!(record.key, key("a"));
    assert_eq!(record.version, 1);
    assert_eq!(record.state, ConnectionState::Active);
    assert_eq!(record.sealed, b"\x00sealed\xff");
    let micros = Duration::from_micros;
    assert_eq!(record.expires_at, Some(micros(1_800_000_000_123_456)));
    assert_eq!(record.due_at, Some(micros(1_700_000_000_123_456)));
    assert_eq!((record.lease, record.intent_at), (None, None));
    assert_eq!(record.parked, None);
    assert_eq!(record.created_at, record.updated_at);
    let late = record.created_at.abs_diff(before);
    assert!(late < Duration::from_secs(60), "{late:?}");
}

pub(super) async fn a_first_version_is_written_once(rig: &Rig) {
    rig.put(&key("a"), b"one").await;
    let again = rig.tokens.put_new(&key("a"), change(b"two")).await.unwrap();
    assert_eq!(again, Swap::Stale);
    assert_eq!(rig.get(&key("a")).await.sealed, b"one");
}

pub(super) async fn a_swap_needs_the_last_version(rig: &Rig) {
    rig.put(&key("a"), b"one").await;
    assert_eq!(rig.swap(&key("a"), 2, None, b"x").await, Swap::Stale);
    assert_eq!(rig.swap(&key("a"), 0, None, b"x").await, Swap::Stale);
    assert_eq!(rig.swap(&key("a"), 1, None, b"two").await, Swap::Done(2));
    assert_eq!(rig.swap(&key("a"), 1, None, b"x").await, Swap::Stale);
    let record = rig.get(&key("a")).await;
    assert_eq!((record.version, record.sealed), (2, b"two".to_vec()));
}

pub(super) async fn of_many_swaps_of_one_version_one_is_done(rig: &Rig) {
    rig.put(&key("a"), b"one").await;
    for version in 1..6 {
        let tasks: Vec<_> = (0..12_u8)
            .map(|n| {
                let tokens = rig.tokens.clone();
                tokio::spawn(async move {
                    let next = change(&[n]);
                    let swap = tokens
                        .compare_and_swap(&key("a"), version, None, next)
                        .await;
                    (n, swap.unwrap())
                })
            })
            .collect();
        let mut winners = Vec::new();
        for task in tasks {
            let (n, swap) = task.await.unwrap();
            if swap == Swap::Done(version + 1) {
                winners.push(n);
            }
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(rig.get(&key("a")).await.sealed, winners);
    }
}

pub(super) async fn every_name_is_kept_as_it_is_and_apart(rig: &Rig) {
    let longest = "ü".repeat(127);
    let names = [
        "a",
        "A",
        "a ",
        "a/b",
        "%",
        "_",
        "'; drop table connection; --",
        "ä",
        "a\u{308}",
        "🔑",
        &longest,
    ];
    let mut keys = Vec::new();
    for name in names {
        for (tenant, account) in [(name, "x"), ("x", name)] {
            keys.push(ConnectionKey::new(tenant, "p", account).unwrap());
        }
    }
    // The same letters, parted elsewhere.
    keys.push(ConnectionKey::new("xp", "a", "b").unwrap());
    keys.push(ConnectionKey::new("x", "pa", "b").unwrap());
    for (n, key) in keys.iter().enumerate() {
        rig.put(key, &n.to_le_bytes()).await;
    }
    for (n, key) in keys.iter().enumerate() {
        let record = rig.get(key).await;
        assert_eq!(
            (&record.key, record.sealed),
            (key, n.to_le_bytes().to_vec())
        );
    }
    keys.sort();
    let listed = rig.list(Filter::default()).await.records;
    let listed: Vec<_> = listed.into_iter().map(|record| record.key).collect();
    assert_eq!(listed, keys);
}

pub(super) async fn every_state_is_kept(rig: &Rig) {
    rig.put(&key("a"), b"").await;
    let states = [
        ConnectionState::NeedsReauth(ReauthReason::Refused("invalid_\"grant\"".into())),
        ConnectionState::NeedsReauth(ReauthReason::RotationInterrupted),
        ConnectionState::NeedsReauth(ReauthReason::RefreshTokenExpired),
        ConnectionState::NeedsReauth(ReauthReason::NoRefreshToken),
        ConnectionState::Revoked,
        ConnectionState::Disconnected,
        ConnectionState::Active,
    ];
    for (version, state) in (1..).zip(states) {
        let next = Change {
            state: state.clone(),
            ..change(b"")
        };
        let tokens = &rig.tokens;
        let swap = tokens
            .compare_and_swap(&key("a"), version, None, next)
            .await;
        assert_eq!(swap.unwrap(), Swap::Done(version + 1));
        assert_eq!(rig.get(&key("a")).await.state, state);
    }
}

pub(super) async fn a_connection_that_was_made_again_has_later_fences(rig: &Rig) {
    rig.put(&key("a"), b"old").await;
    let old = rig.granted(&key("a"), "late", LONG).await.fence;
    assert!(rig.tokens.delete(&key("a")).await.unwrap());
    assert!(!rig.tokens.delete(&key("a")).await.unwrap());
    rig.pass(Duration::from_millis(1)).await;
    rig.put(&key("a"), b"new").await;
    let new = rig.granted(&key("a"), "owner", LONG).await.fence;
    assert!(new > old, "{new} {old}");
    assert_eq!(rig.swap(&key("a"), 1, Some(old), b"x").await, Swap::Stale);
}

pub(super) async fn resealing_changes_the_seal_alone(rig: &Rig) {
    rig.put(&key("a"), b"old").await;
    rig.granted(&key("a"), "owner", LONG).await;
    let before = rig.get(&key("a")).await;
    let reseal = |old: &'static [u8], new: &[u8]| {
        let (tokens, new) = (rig.tokens.clone(), new.to_vec());
        async move { tokens.reseal(&key("a"), old, new).await.unwrap() }
    };
    assert!(!reseal(b"other", b"new").await);
    assert_eq!(rig.get(&key("a")).await, before);
    assert!(reseal(b"old", b"new").await);
    assert!(!reseal(b"old", b"newer").await);
    let mut after = rig.get(&key("a")).await;
    assert_eq!(after.sealed, b"new");
    after.sealed = before.sealed.clone();
    assert_eq!(after, before);
}

pub(super) async fn resealing_reaches_parked_tokens(rig: &Rig) {
    rig.put(&key("a"), b"tokens").await;
    let late = rig.granted(&key("a"), "late", Duration::ZERO).await.fence;
    rig.granted(&key("a"), "owner", LONG).await;
    let parked = rig.tokens.park(&key("a"), late, b"parked".to_vec()).await;
    parked.unwrap();
    let tokens = &rig.tokens;
    let resealed = tokens.reseal(&key("a"), b"parked", b"again".to_vec()).await;
    assert!(resealed.unwrap());
    let record = rig.get(&key("a")).await;
    assert_eq!(record.parked, Some((late, b"again".to_vec())));
    assert_eq!(record.sealed, b"tokens");
}

pub(super) async fn pages_go_through_all_in_order(rig: &Rig) {
    let mut keys = Vec::new();
    for n in 0..23 {
        // Written in another order than they are listed in.
        let key = ConnectionKey::new(format!("t{}", n % 3), "p", format!("{}", n * 7 % 23));
        keys.push(key.unwrap());
    }
    for key in &keys {
        rig.put(key, b"").await;
    }
    keys.sort();
    for limit in [1, 5, 22, 23, 24, 5000] {
        let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let filter = Filter {
                after: after.take(),
                limit,
                ..Filter::default()
            };
            let page = rig.list(filter).await;
            assert!(page.records.len() <= limit);
            pages += 1;
            seen.extend(page.records.into_iter().map(|record| record.key));
            let Some(next) = page.next else { break };
            assert_eq!(seen.last(), Some(&next));
            after = Some(next);
        }
        assert_eq!(seen, keys, "{limit} at once");
        assert_eq!(pages, 23_usize.div_ceil(limit), "{limit} at once");
    }
}

pub(super) async fn a_filter_holds_in_all_its_parts(rig: &Rig) {
    for tenant in ["acme", "other"] {
        for provider in ["github", "google"] {
            for account in ["1", "2"] {
                let key = ConnectionKey::new(tenant, provider, account).unwrap();
                rig.put(&key, b"").await;
            }
        }
    }
    let names = |filter: Filter| async move {
        let records = rig.list(filter).await.records;
        let names = records.iter().map(|record| record.key.to_string());
        names.collect::<Vec<_>>().join(" ")
    };
    let tenant = || Filter {
        tenant: Some("acme".into()),
        ..Filter::default()
    };
    assert_eq!(
        names(tenant()).await,
        "acme/github/1 acme/github/2 acme/google/1 acme/google/2"
    );
    let provider = Filter {
        provider: Some("google".into()),
        ..Filter::default()
    };
    assert_eq!(
        names(provider.clone()).await,
        "acme/google/1 acme/google/2 other/google/1 other/google/2"
    );
    let both = Filter {
        after: Some(ConnectionKey::new("acme", "google", "1").unwrap()),
        ..provider
    };
    let both = Filter {
        tenant: Some("acme".into()),
        ..both
    };
    assert_eq!(names(both).await, "acme/google/2");
    let nobody = Filter {
        tenant: Some("nobody".into()),
        ..Filter::default()
    };
    assert_eq!(names(nobody).await, "");
}

pub(super) async fn only_active_connections_are_due(rig: &Rig) {
    let due = |secs| Some(Duration::from_secs(secs));
    let of = |due_at, state| Change {
        state,
        due_at,
        ..change(b"")
    };
    let active = || ConnectionState::Active;
    for (account, change) in [
        ("soon", of(due(99), active())),
        ("exactly", of(due(100), active())),
        ("never", of(None, active())),
        ("revoked", of(due(1), ConnectionState::Revoked)),
    ] {
        let swap = rig.tokens.put_new(&key(account), change).await.unwrap();
        assert_eq!(swap, Swap::Done(1));
    }
    let filter = Filter {
        due_before: due(100),
        ..Filter::default()
    };
    let records = rig.list(filter).await.records;
    let due: Vec<_> = records.iter().map(|record| record.key.account()).collect();
    assert_eq!(due, ["soon"]);
}

pub(super) async fn what_is_too_large_is_refused(rig: &Rig) {
    let largest = vec![7; MAX_SEALED];
    rig.put(&key("a"), &largest).await;
    assert_eq!(rig.get(&key("a")).await.sealed, largest);
    let larger = vec![7; MAX_SEALED + 1];
    let put = rig.tokens.put_new(&key("b"), change(&larger)).await;
    assert_eq!(put.unwrap_err().kind(), ErrorKind::Validation);
    let tokens = &rig.tokens;
    let swap = tokens
        .compare_and_swap(&key("a"), 1, None, change(&larger))
        .await;
    assert_eq!(swap.unwrap_err().kind(), ErrorKind::Validation);
    let park = tokens.park(&key("a"), 1, larger.clone()).await;
    assert_eq!(park.unwrap_err().kind(), ErrorKind::Validation);
    let reseal = tokens.reseal(&key("a"), &largest, larger).await;
    assert_eq!(reseal.unwrap_err().kind(), ErrorKind::Validation);
    let lease = tokens.lease(&key("a"), &"o".repeat(256), LONG).await;
    assert_eq!(lease.unwrap_err().kind(), ErrorKind::Validation);
    assert_eq!(rig.get(&key("a")).await.version, 1);
}

pub(super) async fn what_is_not_there_is_missing(rig: &Rig) {
    let tokens = &rig.tokens;
    assert_eq!(tokens.get(&key("a")).await.unwrap(), None);
    assert_eq!(rig.swap(&key("a"), 1, None, b"x").await, Swap::Stale);
    let lease = rig.lease(&key("a"), "owner", LONG).await;
    assert_eq!(lease, integration_oauth::store::Leasing::Missing);
    assert!(!tokens.renew(&key("a"), 1, LONG).await.unwrap());
    assert!(!tokens.release(&key("a"), 1, false).await.unwrap());
    assert!(!tokens.reseal(&key("a"), b"", Vec::new()).await.unwrap());
    tokens.park(&key("a"), 1, b"x".to_vec()).await.unwrap();
    assert!(!tokens.delete(&key("a")).await.unwrap());
    assert_eq!(tokens.get(&key("a")).await.unwrap(), None);
}
