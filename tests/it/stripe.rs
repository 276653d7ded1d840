//! The official clients of Stripe against the fake of testkit.

use integration_e2e::peers::Peers;
use integration_testkit::stripe::{FakeStripe, StripeFault};
use serde_json::{Value, json};

/// What a script saw that calls a fake, which loses its first two answers.
async fn seen_by(peers: Peers, script: &'static str) -> Value {
    let fake = FakeStripe::start().await.unwrap();
    // It retries these by itself: the first customer is made once all the same.
    fake.inject([StripeFault::ResetAfter, StripeFault::ErrorBefore]);
    let port: u16 = fake.url().rsplit(':').next().unwrap().parse().unwrap();
    let input = json!({"port": port});
    let run = move || peers.run(script, &input);
    let seen = tokio::task::spawn_blocking(run).await.unwrap();
    // Five, and the one on the test clock.
    assert_eq!(fake.objects("customer").len(), 6);
    seen
}

/// What both packages must have seen, whatever they call their errors.
fn check(seen: &Value, card_error: &str, idempotency: &str, invalid: &str, denied: &str) {
    let declined = json!({
        "type": card_error, "code": "card_declined",
        "decline_code": "insufficient_funds", "status": 402, "request": true,
    });
    assert_eq!(seen["declined"], declined);
    for (what, kind, status) in [
        ("mismatch", idempotency, 400),
        ("missing", invalid, 404),
        ("invalid", invalid, 400),
        ("stranger", denied, 403),
    ] {
        let refused = &seen[what];
        assert_eq!(
            (&refused["type"], &refused["status"]),
            (&kind.into(), &status.into()),
            "{what}"
        );
    }
    for (what, expected) in [
        ("metadata", json!("7")),
        ("listed", json!(5)),
        ("status", json!("succeeded")),
        ("email", json!("jenny@example.com")),
        ("charge", json!(true)),
        ("refund", json!("succeeded")),
        ("same", json!(true)),
        ("action", json!("requires_action")),
        ("trial", json!("trialing")),
        ("active", json!("active")),
        ("invoice", json!(1800)),
        ("intent", json!("succeeded")),
        ("canceled", json!("canceled")),
        ("found", json!(["jenny@example.com"])),
        ("session", json!([1000, "Cup", "expired"])),
        ("setup", json!("succeeded")),
        ("theirs", json!([true])),
        ("event", json!("trialing")),
        ("deleted", json!(true)),
    ] {
        assert_eq!(seen[what], expected, "{what}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stripe_package_of_npm_works_against_the_fake() {
    let Some(peers) = Peers::find() else { return };
    let seen = seen_by(peers, "stripe-client.mjs").await;
    check(
        &seen,
        "StripeCardError",
        "StripeIdempotencyError",
        "StripeInvalidRequestError",
        "StripePermissionError",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stripe_package_of_pypi_works_against_the_fake() {
    let Some(peers) = Peers::find_python() else {
        return;
    };
    let seen = seen_by(peers, "stripe-client.py").await;
    check(
        &seen,
        "CardError",
        "IdempotencyError",
        "InvalidRequestError",
        "PermissionError",
    );
}
