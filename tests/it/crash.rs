//! The gateway is killed again and again under load.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use integration_e2e::{
    destination::{Arrival, Destination},
    gateway::Setup,
    sender::{Sender, payment_id},
};
use integration_webhooks::Scheme;
use tokio::time::sleep;

use crate::{load::Load, routes::QUICK_RETRIES};

const SEED: u64 = 20;
const KILLS: usize = 20;
const CONNECTIONS: usize = 32;
const PACE: Duration = Duration::from_millis(20);
/// A gateway lives between these, in milliseconds, before it is killed.
const LIVES_MS: std::ops::Range<u64> = 20..500;
const ALL_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test]
async fn nothing_answered_is_lost_or_effected_twice_over_twenty_kills() {
    let sender = Arc::new(Sender::new("stripe", &Scheme::Stripe));
    let destination = Destination::willing().await;
    let setup = Setup::new()
        .with_source("stripe", "stripe", sender.secret())
        .with_route(
            "billing",
            "stripe",
            &destination.url(),
            &format!("order_by = \"/data/object/customer\"\nmax_attempts = 100\n{QUICK_RETRIES}"),
        );
    let mut chance = fastrand::Rng::with_seed(SEED);

    let mut gateway = setup.start().await;
    let load = Load::start(&sender, gateway.public(), CONNECTIONS, PACE);
    for _ in 0..KILLS {
        sleep(Duration::from_millis(chance.u64(LIVES_MS))).await;
        gateway.kill();
        gateway = setup.start().await;
        load.redirect(gateway.public());
    }
    let answered = load.stop().await;
    assert!(
        answered.len() > KILLS * CONNECTIONS,
        "the load was none: {}",
        answered.len()
    );
    destination
        .wait_for_effects(answered.len(), ALL_WITHIN)
        .await;

    assert_eq!(gateway.readiness().await, 200);
    let effects = destination.effects();
    let effected: BTreeSet<String> = effects.iter().map(|one| payment_id(&one.body)).collect();
    assert_eq!(
        effects.len(),
        effected.len(),
        "an event came under two webhook-ids"
    );
    assert_eq!(
        effected, answered,
        "each answered event is effected, and no other"
    );
    assert_in_order_per_customer(&effects);
    for letter in setup.dead_letters() {
        // On a busy machine one event may be under way at four kills in a row, and so is taken for
        // what kills the gateway. It was effected all the same.
        assert_eq!(letter["last_error"], "worker lost", "{letter}");
    }
}

/// Each connection waited for the answer to one event before it posted the next.
fn assert_in_order_per_customer(effects: &[Arrival]) {
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    for effect in effects {
        let id = payment_id(&effect.body);
        let (connection, no) = id.rsplit_once('_').unwrap();
        let no: usize = no.parse().unwrap();
        let expected = last.get(connection).map_or(0, |before| before + 1);
        assert_eq!(no, expected, "{connection} is out of order");
        last.insert(connection.to_owned(), no);
    }
}
