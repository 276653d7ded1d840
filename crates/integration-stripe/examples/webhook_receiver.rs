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

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let secret = integration_core::config::process_env("STRIPE_WEBHOOK_SECRET");
    let secret = secret.ok_or("STRIPE_WEBHOOK_SECRET is not set")?;
    let app = App {
        webhooks: Webhooks::new([secret.into()])?,
        router: router()?,
    };
    let web = Web::new()
        .route("/webhook", post(receive))
        .with_state(Arc::new(app));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:4242").await?;
    println!("listening on http://{}/webhook", listener.local_addr()?);
    axum::serve(listener, web).await?;
    Ok(())
}

fn router() -> Result<Router<Event>> {
    Router::new(async |event: Event| {
        println!("nobody handles {:?}", event.r#type());
        Ok(())
    })
    .on("payment_intent.succeeded", |event| async move {
        let intent = event.object_as::<PaymentIntent>();
        println!("paid: {:?}", intent.as_ref().and_then(|intent| intent.id()));
        Ok::<(), Error>(())
    })?
    .on("charge.refunded", |event| async move {
        let charge = event.object_as::<Charge>();
        println!(
            "refunded: {:?}",
            charge.and_then(|charge| charge.amount_refunded())
        );
        Ok(())
    })
}

async fn receive(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let event = match app.webhooks.event(&headers, &body) {
        Ok(event) => event,
        Err(error) => {
            println!("{error}");
            return match error.kind() {
                ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
                _ => StatusCode::BAD_REQUEST,
            };
        }
    };
    match app.router.handle(event).await {
        Ok(_) => StatusCode::OK,
        // Stripe sends it again.
        Err(error) => {
            println!("{error}");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}
