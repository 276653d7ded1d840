//! Events and stores to test with.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use integration_events::{
    AttemptResult, ClaimRequest, DeliveryState, EventId, Lease, NewDelivery, NewEvent, Resolution,
    Settled, Settlement, SqliteConfig, SqliteStore, Stats, Store, UnixMillis,
};

pub(crate) const NOW: UnixMillis = UnixMillis(1_000_000);

pub(crate) fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir.join("events.db"), SqliteConfig::default()).unwrap()
}

pub(crate) fn event(no: u128, route: &str, key: Option<&str>) -> NewEvent {
    NewEvent {
        id: EventId::from_bytes(no.to_be_bytes()),
        source: Arc::from("stripe"),
        provider_id: format!("p{no}"),
        id_signed: true,
        event_type: Some("invoice.paid".to_owned()),
        occurred_at: None,
        received_at: NOW,
        headers: vec![("x-any".to_owned(), vec![0, 255, b'\n'])],
        body: Bytes::from_static(b"\xff\x00 not json"),
        deliveries: vec![NewDelivery {
            route: Arc::from(route),
            order_key: key.map(str::to_owned),
            max_attempts: 3,
        }],
    }
}

pub(crate) async fn claim(store: &SqliteStore, limit: usize, now: UnixMillis) -> Vec<Lease> {
    let request = ClaimRequest {
        limit,
        lease: Duration::from_secs(30),
        now,
        routes: None,
    };
    store.claim(request).await.unwrap()
}

pub(crate) fn settlement(lease: &Lease, resolution: Resolution) -> Settlement {
    Settlement {
        delivery: lease.delivery,
        token: lease.token,
        attempt: AttemptResult {
            started_at: NOW,
            error: (resolution != Resolution::Done).then(|| "it failed".to_owned()),
            ..AttemptResult::default()
        },
        resolution,
    }
}

pub(crate) async fn settle(store: &SqliteStore, lease: &Lease, resolution: Resolution) -> Settled {
    settle_at(store, lease, resolution, NOW).await
}

pub(crate) async fn settle_at(
    store: &SqliteStore,
    lease: &Lease,
    resolution: Resolution,
    now: UnixMillis,
) -> Settled {
    let all = vec![settlement(lease, resolution)];
    store.settle(all, now).await.unwrap()[0]
}

pub(crate) async fn stats(store: &SqliteStore) -> Stats {
    store.stats(NOW).await.unwrap()
}

pub(crate) async fn count(store: &SqliteStore, state: DeliveryState) -> u64 {
    stats(store).await.count(state)
}
