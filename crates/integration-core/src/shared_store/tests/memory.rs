use std::{sync::Arc, time::Duration};

use tokio::time::advance;

use crate::{
    clock::SystemClock,
    keyed::KeyedConfig,
    pause::MAX_PAUSE,
    rate_limit::Quota,
    retry_budget::RetryBudgetConfig,
    shared_store::{Demands, MemoryStore, Payment, SharedStore, Verdict},
};

const SECOND: Duration = Duration::from_secs(1);

fn store() -> MemoryStore {
    MemoryStore::new(KeyedConfig::default(), SystemClock::shared()).unwrap()
}

async fn verdict(store: &MemoryStore, demands: &Demands) -> Verdict {
    let grant = store.admit("key", demands, Duration::ZERO).await;
    grant.unwrap().verdict
}

#[tokio::test(start_paused = true)]
async fn keys_do_not_touch_each_other() {
    let store = store();
    let demands = Demands::one(Quota::per_second(1)).unwrap();
    assert_eq!(verdict(&store, &demands).await, Verdict::Go);
    assert_eq!(verdict(&store, &demands).await, Verdict::Full(SECOND));
    let other = store.admit("other", &demands, Duration::ZERO).await;
    assert_eq!(other.unwrap().verdict, Verdict::Go);
}

#[tokio::test(start_paused = true)]
async fn after_a_pause_there_is_no_burst() {
    let store = store();
    let demands = Demands::one(Quota::per_second(4)).unwrap();
    store.pause("key", 9 * SECOND).await.unwrap();
    store.pause("key", SECOND).await.unwrap();
    assert_eq!(verdict(&store, &demands).await, Verdict::Paused(9 * SECOND));
    assert_eq!(store.paused("key").await.unwrap(), Some(9 * SECOND));
    assert_eq!(store.paused("other").await.unwrap(), None);
    advance(9 * SECOND).await;
    assert_eq!(verdict(&store, &demands).await, Verdict::Go);
    assert_eq!(verdict(&store, &demands).await, Verdict::Full(SECOND / 4));
    store.pause("key", Duration::MAX).await.unwrap();
    assert_eq!(store.paused("key").await.unwrap(), Some(MAX_PAUSE));
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_one_for_all_who_ask() {
    let store = Arc::new(store());
    let config = RetryBudgetConfig::default().with_min_per_second(0);
    let withdraw = |calls| store.withdraw("key", &config, calls, 10);
    assert_eq!(withdraw(0).await.unwrap(), Payment::Denied(None));
    assert_eq!(withdraw(10).await.unwrap(), Payment::Paid);
    assert_eq!(withdraw(0).await.unwrap(), Payment::Paid);
    assert_eq!(withdraw(0).await.unwrap(), Payment::Denied(None));
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_gives_no_second_burst() {
    let store = store();
    let demands = Demands::one(Quota::per_second(4)).unwrap();
    advance(SECOND).await;
    for _ in 0..4 {
        assert_eq!(verdict(&store, &demands).await, Verdict::Go);
    }
    store.forget();
    let grant = store.admit("key", &demands, Duration::ZERO).await.unwrap();
    assert_eq!((grant.verdict, grant.age), (Verdict::Go, Duration::ZERO));
    assert_eq!(verdict(&store, &demands).await, Verdict::Full(SECOND / 4));
}
