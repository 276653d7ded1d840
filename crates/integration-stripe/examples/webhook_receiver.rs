//! Receives webhooks with axum: verified, told apart by type, unknown types passed on.
//!
//! Run: `STRIPE_WEBHOOK_SECRET=whsec_.. cargo run -p integration-stripe --features webhooks --example
//! webhook_receiver`, then `stripe listen --forward-to localhost:4242/webhook`.
//!
//! It handles an event before it answers, so what takes long is sent again. Where an event must not be
//! lost, store it first: that is what integration-gateway does.
#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use std::sync::Arc;

use axum::{
    Router as Web, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post,
};
use integration_stripe::{
    Error, ErrorKind, Result,
    resources::{Charge, PaymentIntent},
    webhook::{Event, Router, Webhooks},
};

struct App {
    webhooks: Webhooks,
    router: Router<Event>,
}

/// Where the application says what it did.
type Say = Arc<dyn Fn(String) + Send + Sync>;

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let secret = integration_core::config::process_env("STRIPE_WEBHOOK_SECRET");
    let secret = secret.ok_or("STRIPE_WEBHOOK_SECRET is not set")?;
    let web = web(&secret, Arc::new(|line| println!("{line}")))?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:4242").await?;
    println!("listening on http://{}/webhook", listener.local_addr()?);
    axum::serve(listener, web).await?;
    Ok(())
}

fn web(secret: &str, say: Say) -> Result<Web> {
    let app = App {
        webhooks: Webhooks::new([secret.to_owned().into()])?,
        router: router(say)?,
    };
    Ok(Web::new()
        .route("/webhook", post(receive))
        .with_state(Arc::new(app)))
}

fn router(say: Say) -> Result<Router<Event>> {
    let (paid, refunded) = (Arc::clone(&say), Arc::clone(&say));
    Router::new(move |event: Event| {
        say(format!("nobody handles {:?}", event.r#type()));
        async { Ok(()) }
    })
    .on("payment_intent.succeeded", move |event| {
        let intent = event.object_as::<PaymentIntent>();
        let id = intent.as_ref().and_then(|intent| intent.id());
        paid(format!("paid: {id:?}"));
        async { Ok::<(), Error>(()) }
    })?
    .on("charge.refunded", move |event| {
        let charge = event.object_as::<Charge>();
        let amount = charge.and_then(|charge| charge.amount_refunded());
        refunded(format!("refunded: {amount:?}"));
        async { Ok::<(), Error>(()) }
    })
}

async fn receive(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let event = match app.webhooks.event(&headers, &body) {
        Ok(event) => event,
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            return StatusCode::UNAUTHORIZED;
        }
        Err(_) => return StatusCode::BAD_REQUEST,
    };
    match app.router.handle(event).await {
        Ok(_) => StatusCode::OK,
        // Stripe sends it again.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use integration_stripe::{
        Client, Config,
        resources::{CreatePaymentIntent, CreateRefund},
    };
    use integration_testkit::stripe::FakeStripe;

    use super::*;

    #[tokio::test]
    async fn what_stripe_signed_is_handled_by_its_type() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&said);
        let web = web(
            "whsec_fake",
            Arc::new(move |line| log.lock().unwrap().push(line)),
        )
        .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, web).await });

        let fake = FakeStripe::start().await.unwrap();
        let key = "sk_test_1".to_owned().into();
        let client = Client::new(Config::new(key).with_base_url(fake.url())).unwrap();
        let order = CreatePaymentIntent::new(1200, "eur").payment_method("pm_card_visa");
        let intent = client
            .payment_intents()
            .create(&order.confirm(true))
            .send()
            .await
            .unwrap();
        let id = intent.id().unwrap();
        let refund = CreateRefund::new().payment_intent(id).amount(200);
        client.refunds().create(&refund).send().await.unwrap();

        let answers = fake
            .deliver(&url, &"whsec_fake".to_owned().into())
            .await
            .unwrap();
        assert_eq!(answers, [200; 5]);
        let expected = [
            "nobody handles Some(\"payment_intent.created\")".to_owned(),
            "nobody handles Some(\"charge.succeeded\")".to_owned(),
            format!("paid: Some({id:?})"),
            "refunded: Some(200)".to_owned(),
            "nobody handles Some(\"refund.created\")".to_owned(),
        ];
        assert_eq!(*said.lock().unwrap(), expected);
        // Nobody else's events.
        let other = fake.notify("v1.other", None, &serde_json::Value::Null);
        assert!(other.starts_with("evt_"));
        let answers = fake
            .deliver(&url, &"whsec_other".to_owned().into())
            .await
            .unwrap();
        assert_eq!(answers, [401]);
        assert_eq!(said.lock().unwrap().len(), expected.len());
        server.abort();
    }
}
