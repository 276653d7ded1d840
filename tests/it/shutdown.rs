//! SIGTERM under load.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use integration_e2e::{
    destination::Destination,
    gateway::Setup,
    sender::{Sender, payment_id},
};
use integration_webhooks::Scheme;
use tokio::time::sleep;

use crate::{load::Load, routes::QUICK_RETRIES};

const CONNECTIONS: usize = 8;
const PACE: Duration = Duration::from_millis(5);
const STOPS_WITHIN: Duration = Duration::from_secs(15);
const ALL_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_gateway_asked_to_stop_under_load_exits_0_and_loses_nothing() {
    let sender = Arc::new(Sender::new("stripe", &Scheme::Stripe));
    let destination = Destination::willing().await;
    let setup = Setup::new()
        .with_source("stripe", "stripe", sender.secret())
        .with_route("billing", "stripe", &destination.url(), QUICK_RETRIES);
    let gateway = setup.start().await;
    let load = Load::start(&sender, gateway.public(), CONNECTIONS, PACE);

    sleep(Duration::from_millis(500)).await;
    let status = gateway.stop(STOPS_WITHIN).await;
    assert_eq!(status.code(), Some(0), "{status}");

    let gateway = setup.start().await;
    load.redirect(gateway.public());
    let answered = load.stop().await;
    destination
        .wait_for_effects(answered.len(), ALL_WITHIN)
        .await;
    let taken = destination.taken();
    let effected: BTreeSet<String> = taken.iter().map(|one| payment_id(&one.body)).collect();
    assert_eq!(effected, answered);
    assert_eq!(
        taken.len(),
        answered.len(),
        "a clean stop causes no second delivery"
    );
}
