//! Dead letters, and their second chance through the command line.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use integration_e2e::{
    client::Client,
    destination::Destination,
    gateway::Setup,
    sender::{Sender, payment},
    wait,
};
use integration_webhooks::Scheme;

use crate::routes::{MAX_ATTEMPTS_2, QUICK_RETRIES};

const WITHIN: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_dead_letter_is_listed_and_replayed_with_the_same_id() {
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let policy = move |_: &_| {
        if mended.load(Ordering::Relaxed) {
            204
        } else {
            500
        }
    };
    let destination = Destination::answering(policy).await;
    let sender = Sender::new("stripe", &Scheme::Stripe);
    let setup = Setup::new()
        .with_source("stripe", "stripe", sender.secret())
        .with_route(
            "billing",
            "stripe",
            &destination.url(),
            &format!("{MAX_ATTEMPTS_2}{QUICK_RETRIES}"),
        );
    let gateway = setup.start().await;
    let post = sender.post("evt_poison", payment("evt_poison", "cus_1"));
    Client::new(gateway.public()).post(&post).await.unwrap();

    wait::until("the event is dead", WITHIN, || {
        setup.dead_letters().len() == 1
    })
    .await;
    assert_eq!(
        destination.arrivals().len(),
        2,
        "two attempts, as the route says"
    );

    is_mended.store(true, Ordering::Relaxed);
    let replayed = setup.run(&["dead", "replay", "--all"]);
    assert!(
        replayed.status.success(),
        "{}",
        String::from_utf8_lossy(&replayed.stderr)
    );
    destination.wait_for_effects(1, WITHIN).await;
    let arrivals = destination.arrivals();
    assert_eq!(arrivals.len(), 3);
    assert!(
        arrivals.iter().all(|one| one.id == arrivals[0].id),
        "{arrivals:?}"
    );
    wait::until("no dead letter is left", WITHIN, || {
        setup.dead_letters().is_empty()
    })
    .await;
}
