//! More load than the gateway is allowed to hold.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use integration_e2e::{
    client::Client,
    destination::Destination,
    gateway::Setup,
    sender::{Sender, payment, payment_id},
    wait,
};
use integration_webhooks::Scheme;
use tokio::task::JoinSet;

use crate::routes::{QUICK_RETRIES, TINY_QUEUE};

const CONNECTIONS: usize = 100;
const EVENTS_EACH: usize = 20;
const WITHIN: Duration = Duration::from_secs(30);
const RECOVERS_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn overload_is_answered_with_later_and_passes() {
    let sender = Arc::new(Sender::new("stripe", &Scheme::Stripe));
    let destination = Destination::willing().await;
    let mut setup = Setup::new()
        .with_source("stripe", "stripe", sender.secret())
        .with_route("billing", "stripe", &destination.url(), QUICK_RETRIES);
    let (key, value) = TINY_QUEUE;
    setup.set(key, value);
    let gateway = setup.start().await;

    let mut connections = JoinSet::new();
    for no in 0..CONNECTIONS {
        connections.spawn(post_all(
            Arc::clone(&sender),
            Client::new(gateway.public()),
            no,
        ));
    }
    let answered = connections.join_all().await;
    let refused: usize = answered.iter().map(|(_, refused)| refused).sum();
    let mut stored: BTreeSet<String> = answered
        .into_iter()
        .flat_map(|(stored, _)| stored)
        .collect();
    assert!(refused > 0, "{CONNECTIONS} connections were no overload");
    assert!(!stored.is_empty(), "overload must not stop everything");

    let post = sender.post("evt_after", payment("evt_after", "cus_1"));
    let mut after = Client::new(gateway.public());
    // The deliveries of what was taken use the tiny queue too, so it is free a little later.
    wait::until_ok(
        "it recovers when the load is gone",
        RECOVERS_WITHIN,
        async || {
            after
                .post(&post)
                .await
                .is_ok_and(|answer| answer.status == 200)
        },
    )
    .await;
    stored.insert("evt_after".to_owned());
    destination.wait_for_effects(stored.len(), WITHIN).await;
    let taken = destination.taken();
    assert_eq!(
        taken
            .iter()
            .map(|one| payment_id(&one.body))
            .collect::<BTreeSet<_>>(),
        stored
    );
    assert_eq!(gateway.readiness().await, 200);
}

/// Posts each event once and returns the ids stored and how many were refused.
async fn post_all(sender: Arc<Sender>, mut client: Client, no: usize) -> (Vec<String>, usize) {
    let mut stored = Vec::new();
    for event in 0..EVENTS_EACH {
        let id = format!("evt_{no}_{event}");
        let answer = client
            .post(&sender.post(&id, payment(&id, "cus_1")))
            .await
            .unwrap();
        if answer.is_success() {
            stored.push(id);
        } else {
            assert_eq!(answer.status, 503, "{}", answer.text());
            assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
        }
    }
    let refused = EVENTS_EACH - stored.len();
    (stored, refused)
}
