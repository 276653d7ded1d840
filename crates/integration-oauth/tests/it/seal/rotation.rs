//! A new key over a store that is in use.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use integration_oauth::{
    ErrorKind,
    seal::{Slot, Vault},
    store::{Filter, Swap},
};

use super::{account, ring, sealed_store};
use crate::stores::rig::{LONG, change};

#[tokio::test]
async fn rewrapping_leaves_the_content_as_it_is() {
    let key = account("1");
    let slot = Slot::tokens(&key, 1);
    let old = ring(&["old"]).seal(&slot, b"tokens").await.unwrap();
    let both = ring(&["new", "old"]);
    let new = both.rewrap(&old).await.unwrap().expect("a new header");
    assert_eq!(*ring(&["new"]).open(&slot, &new).await.unwrap(), b"tokens");
    assert!(ring(&["old"]).open(&slot, &new).await.is_err());
    let content = 12 + b"tokens".len() + 16;
    assert_eq!(new[new.len() - content..], old[old.len() - content..]);
    assert_eq!(both.rewrap(&new).await.unwrap(), None);
    let unknown = ring(&["new"]).rewrap(&old).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_start_without_a_needed_key_is_refused() {
    let store = sealed_store(&ring(&["old"]), 3).await;
    let census = ring(&["new", "old"]).check(&*store).await.unwrap();
    assert_eq!(census.connections, 3);
    assert_eq!(
        census.by_key.into_iter().collect::<Vec<_>>(),
        [("old".to_owned(), 3)]
    );
    let error = ring(&["new"]).check(&*store).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let shown = error.to_string();
    assert!(
        shown.contains("`old`") && shown.contains("records=3"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_start_with_what_nobody_sealed_is_refused() {
    let store = sealed_store(&ring(&["key"]), 1).await;
    let key = account("plain");
    assert_eq!(
        store.put_new(&key, change(b"gho_plain")).await.unwrap(),
        Swap::Done(1)
    );
    let error = ring(&["key"]).check(&*store).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let shown = error.to_string();
    assert!(shown.contains("connection=acme/github/plain"), "{shown}");
    assert!(!shown.contains("gho_plain"));
}

#[tokio::test]
async fn a_connection_without_tokens_needs_no_key() {
    let store = sealed_store(&ring(&["old"]), 1).await;
    let gone = store
        .compare_and_swap(&account("00000"), 1, None, change(b""))
        .await;
    assert_eq!(gone.unwrap(), Swap::Done(2));
    let new = ring(&["new"]);
    assert!(new.check(&*store).await.unwrap().by_key.is_empty());
    assert_eq!(new.rewrap_all(&store).await.unwrap().rewrapped, 0);
}

#[tokio::test]
async fn parked_tokens_are_rewrapped_too() {
    let old = ring(&["old"]);
    let store = sealed_store(&old, 1).await;
    let key = account("00000");
    let lease = store.lease(&key, "late", LONG).await.unwrap();
    let integration_oauth::store::Leasing::Granted { record } = lease else {
        panic!("it is free")
    };
    let slot = Slot::parked(&key, record.fence);
    let parked = old.seal(&slot, b"parked").await.unwrap();
    store.park(&key, record.fence, parked).await.unwrap();
    let new = ring(&["new", "old"]);
    assert_eq!(new.rewrap_all(&store).await.unwrap().rewrapped, 2);
    let (_, parked) = store.get(&key).await.unwrap().unwrap().parked.unwrap();
    assert_eq!(
        *ring(&["new"]).open(&slot, &parked).await.unwrap(),
        b"parked"
    );
}

#[tokio::test]
async fn a_key_is_retired_once_nothing_needs_it() {
    let store = sealed_store(&ring(&["old"]), 3).await;
    let both = ring(&["new", "old"]);
    let error = both.retired("old", &*store).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("3 records are sealed with `old`"),
        "{error}"
    );
    assert!(
        both.retired("new", &*store).await.is_err(),
        "it is the current one"
    );
    assert!(both.retired("other", &*store).await.is_err());
    let done = both.rewrap_all(&store).await.unwrap();
    assert_eq!((done.connections, done.rewrapped), (3, 3));
    let done = both.rewrap_all(&store).await.unwrap();
    assert_eq!((done.connections, done.rewrapped), (3, 0));
    let alone = both.retired("old", &*store).await.unwrap();
    assert_eq!(alone.ids().collect::<Vec<_>>(), ["new"]);
    alone.check(&*store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_records_are_read_and_written_while_they_are_rewrapped() {
    let both = ring(&["new", "old"]);
    let store = sealed_store(&ring(&["old"]), 10_000).await;
    let is_done = Arc::new(AtomicBool::new(false));
    let others = {
        let (store, both, is_done) = (store.clone(), both.clone(), is_done.clone());
        tokio::spawn(async move {
            let mut uses = 0_u32;
            while !is_done.load(Ordering::SeqCst) {
                let key = account(&format!("{:05}", uses.wrapping_mul(7919) % 10_000));
                let record = store.get(&key).await.unwrap().unwrap();
                let slot = Slot::tokens(&key, record.version);
                both.open(&slot, &record.sealed)
                    .await
                    .expect("readable throughout");
                // An older process, which still writes with the old key in front.
                let next = Slot::tokens(&key, record.version + 1);
                let sealed = ring(&["old", "new"]).seal(&next, b"fresh").await.unwrap();
                let swap = store.compare_and_swap(&key, record.version, None, change(&sealed));
                assert_eq!(swap.await.unwrap(), Swap::Done(record.version + 1));
                uses += 1;
                tokio::task::yield_now().await;
            }
            uses
        })
    };
    let done = both.rewrap_all(&store).await.unwrap();
    is_done.store(true, Ordering::SeqCst);
    assert!(others.await.unwrap() > 0);
    assert_eq!(done.connections, 10_000);
    // What the older process wrote behind us is found by the next run.
    both.rewrap_all(&store).await.unwrap();
    both.retired("old", &*store).await.unwrap();
    let new = ring(&["new"]);
    let record = store
        .list(&Filter::default())
        .await
        .unwrap()
        .records
        .remove(0);
    let slot = Slot::tokens(&record.key, record.version);
    assert!(new.open(&slot, &record.sealed).await.is_ok());
}
