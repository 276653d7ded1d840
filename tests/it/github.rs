//! Real payloads of GitHub, in order per repository, past a destination that fails now and then.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use integration_e2e::{
    client::Client,
    destination::Destination,
    gateway::Setup,
    github::{self, Payload},
    sender::{Post, Sender},
};
use integration_webhooks::Scheme;
use parking_lot::Mutex;

use crate::routes::QUICK_RETRIES;

/// The destination refuses one delivery in so many.
const REFUSED_ONE_IN: u64 = 6;
const ALL_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test]
async fn real_payloads_arrive_once_unchanged_and_in_order_per_repository() {
    let sender = Sender::new("github", &Scheme::GitHub);
    let destination = flaky_destination(161).await;
    let setup = Setup::new()
        .with_source("github", "github", sender.secret())
        .with_route(
            "ci",
            "github",
            &destination.url(),
            &format!("order_by = \"/repository/full_name\"\nmax_attempts = 20\n{QUICK_RETRIES}"),
        );
    let gateway = setup.start().await;
    let mut client = Client::new(gateway.public());

    let payloads = github::payloads();
    for (no, payload) in payloads.iter().enumerate() {
        let answer = client.post(&post(&sender, no, payload)).await.unwrap();
        assert_eq!(answer.status, 200, "{}: {}", payload.event, answer.text());
    }
    let expected = distinct(&payloads);
    destination
        .wait_for_effects(expected.len(), ALL_WITHIN)
        .await;

    // Again, under new delivery ids: those are not signed, so the same body is the same event.
    for (no, payload) in payloads.iter().enumerate() {
        let again = post(&sender, payloads.len() + no, payload);
        assert_eq!(client.post(&again).await.unwrap().status, 200);
    }
    let last = br#"{"zen":"The last one, behind which nothing can hide."}"#;
    client
        .post(
            &sender
                .post("", last.as_slice())
                .with_header("x-github-event", "ping"),
        )
        .await
        .unwrap();
    destination
        .wait_for_effects(expected.len() + 1, ALL_WITHIN)
        .await;

    let mut taken: Vec<Bytes> = destination
        .taken()
        .into_iter()
        .map(|one| one.body)
        .collect();
    taken.retain(|body| body != last.as_slice());
    assert_eq!(taken.len(), expected.len(), "each is delivered once");
    assert_eq!(
        taken.iter().cloned().collect::<BTreeSet<_>>(),
        expected.iter().cloned().collect()
    );
    assert_eq!(
        github::by_repository(&taken),
        github::by_repository(&expected)
    );
}

async fn flaky_destination(seed: u64) -> Destination {
    let chance = Mutex::new(fastrand::Rng::with_seed(seed));
    let policy = move |_: &_| match chance.lock().u64(..REFUSED_ONE_IN) {
        0 => 503,
        _ => 204,
    };
    Destination::answering(policy).await
}

fn post(sender: &Sender, delivery: usize, payload: &Payload) -> Post {
    sender
        .post("", payload.body.clone())
        .with_header("x-github-event", &payload.event)
        .with_header(
            "x-github-delivery",
            &format!("00000000-0000-4000-8000-{delivery:012}"),
        )
}

/// Returns the bodies in order of their first appearance; two of the recorded ones are the same.
fn distinct(payloads: &[Payload]) -> Vec<Bytes> {
    let mut seen = BTreeSet::new();
    let bodies = payloads.iter().map(|payload| payload.body.clone());
    bodies.filter(|body| seen.insert(body.clone())).collect()
}
