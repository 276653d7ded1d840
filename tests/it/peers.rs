//! The official packages on both sides of the gateway.

use std::time::Duration;

use integration_e2e::{
    client::Client,
    destination::{Arrival, Destination},
    gateway::Setup,
    peers::Peers,
    sender::{Post, payment},
};
use serde_json::{Value, json};

const STRIPE_SECRET: &str = "whsec_peer_test_of_the_gateway";
/// `whsec_` and the base64 of 24 bytes that spell out what they are.
const ROUTE_SECRET: &str = "whsec_bm90LWEtc2VjcmV0LWJ1dC0yNC1ieXRl";
const EVENTS: usize = 5;

#[tokio::test]
async fn what_the_stripe_package_signs_is_accepted_and_what_is_forwarded_verifies_too() {
    let Some(peers) = Peers::find() else { return };
    let destination = Destination::willing().await;
    let mut setup = Setup::new().with_source("stripe", "stripe", STRIPE_SECRET);
    let variable = setup.keep_secret("route", ROUTE_SECRET);
    let setup = setup.with_route(
        "billing",
        "stripe",
        &destination.url(),
        &format!("secret = \"env:{variable}\"\n"),
    );
    let gateway = setup.start().await;
    let mut client = Client::new(gateway.public());

    for post in signed_by_stripe(&peers) {
        let answer = client.post(&post).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let tampered = Post {
            body: [&post.body[..], b" "].concat().into(),
            ..post
        };
        assert_eq!(client.post(&tampered).await.unwrap().status, 401);
    }
    destination
        .wait_for_effects(EVENTS, Duration::from_secs(20))
        .await;

    let mut deliveries: Vec<Value> = destination.taken().iter().map(delivery).collect();
    let mut tampered = deliveries[0].clone();
    tampered["body"] = json!("{}");
    deliveries.push(tampered);
    let verdicts = peers.run(
        "standardwebhooks-verify.mjs",
        &json!({"secret": ROUTE_SECRET, "deliveries": deliveries}),
    );
    let verdicts = verdicts.as_array().unwrap();
    assert_eq!(verdicts.len(), EVENTS + 1);
    assert!(
        verdicts[..EVENTS]
            .iter()
            .all(|verdict| verdict == "accepted"),
        "{verdicts:?}"
    );
    assert_ne!(
        verdicts[EVENTS], "accepted",
        "the package refuses what was altered"
    );
}

fn signed_by_stripe(peers: &Peers) -> Vec<Post> {
    let bodies: Vec<String> = (0..EVENTS)
        .map(|no| payment(&format!("evt_peer_{no}"), "cus_zoë"))
        .collect();
    let headers = peers.run(
        "stripe-sign.mjs",
        &json!({"secret": STRIPE_SECRET, "payloads": bodies}),
    );
    let headers = headers
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_str().unwrap());
    bodies
        .into_iter()
        .zip(headers)
        .map(|(body, header)| {
            let post = Post {
                path: "/in/stripe".to_owned(),
                headers: Vec::new(),
                body: body.into(),
            };
            post.with_header("stripe-signature", header)
        })
        .collect()
}

fn delivery(arrival: &Arrival) -> Value {
    let header = |name: &str| arrival.headers[name].to_str().unwrap();
    json!({
        "headers": {
            "webhook-id": header("webhook-id"),
            "webhook-timestamp": header("webhook-timestamp"),
            "webhook-signature": header("webhook-signature"),
        },
        "body": std::str::from_utf8(&arrival.body).unwrap(),
    })
}
