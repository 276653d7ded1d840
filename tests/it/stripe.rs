//! The official client of Stripe against the fake of testkit.

use integration_e2e::peers::Peers;
use integration_testkit::stripe::{FakeStripe, StripeFault};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stripe_package_works_against_the_fake() {
    let Some(peers) = Peers::find() else { return };
    let fake = FakeStripe::start().await.unwrap();
    // It retries these by itself: the first customer is made once all the same.
    fake.inject([StripeFault::ResetAfter, StripeFault::ErrorBefore]);
    let port: u16 = fake.url().rsplit(':').next().unwrap().parse().unwrap();
    let input = json!({"port": port});
    let run = move || peers.run("stripe-client.mjs", &input);
    let seen = tokio::task::spawn_blocking(run).await.unwrap();
    let declined = json!({
        "type": "StripeCardError", "code": "card_declined",
        "decline_code": "insufficient_funds", "status": 402, "request": true,
    });
    let refused = |kind: &str, status: u16| {
        (seen[kind]["status"] == status).then(|| seen[kind]["type"].as_str().unwrap().to_owned())
    };
    assert_eq!(seen["declined"], declined);
    assert_eq!(refused("mismatch", 400).unwrap(), "StripeIdempotencyError");
    assert_eq!(
        refused("missing", 404).unwrap(),
        "StripeInvalidRequestError"
    );
    assert_eq!(
        refused("invalid", 400).unwrap(),
        "StripeInvalidRequestError"
    );
    for (what, expected) in [
        ("metadata", json!("7")),
        ("listed", json!(5)),
        ("status", json!("succeeded")),
        ("email", json!("jenny@example.com")),
        ("charge", json!(true)),
        ("refund", json!("succeeded")),
        ("same", json!(true)),
        ("action", json!("requires_action")),
        ("deleted", json!(true)),
    ] {
        assert_eq!(seen[what], expected, "{what}: {seen}");
    }
    assert_eq!(fake.objects("customer").len(), 5);
}
