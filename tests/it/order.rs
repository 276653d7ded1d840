//! Strict order per key, while the head of one key fails.

use std::{collections::BTreeMap, time::Duration};

use integration_e2e::{
    client::Client,
    destination::{Arrival, Destination},
    gateway::Setup,
    sender::{Sender, payment, payment_id},
};
use integration_webhooks::Scheme;

use crate::routes::QUICK_RETRIES;

const CUSTOMERS: usize = 4;
const EVENTS_EACH: usize = 10;
/// Times the first event of the first customer is refused.
const REFUSALS: usize = 3;
const FIRST: &str = "evt_0_0";
const WITHIN: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_failing_event_holds_back_its_own_key_only() {
    let refuse_first = |one: &Arrival| {
        let is_refused = payment_id(&one.body) == FIRST && one.seen_before < REFUSALS;
        if is_refused { 503 } else { 204 }
    };
    let destination = Destination::answering(refuse_first).await;
    let sender = Sender::new("stripe", &Scheme::Stripe);
    let setup = Setup::new()
        .with_source("stripe", "stripe", sender.secret())
        .with_route(
            "billing",
            "stripe",
            &destination.url(),
            &format!("order_by = \"/data/object/customer\"\n{QUICK_RETRIES}"),
        );
    let gateway = setup.start().await;
    let mut client = Client::new(gateway.public());
    for no in 0..EVENTS_EACH {
        for customer in 0..CUSTOMERS {
            let id = format!("evt_{customer}_{no}");
            let post = sender.post(&id, payment(&id, &format!("cus_{customer}")));
            assert_eq!(client.post(&post).await.unwrap().status, 200);
        }
    }
    destination
        .wait_for_effects(CUSTOMERS * EVENTS_EACH, WITHIN)
        .await;

    let taken: Vec<String> = destination
        .taken()
        .iter()
        .map(|one| payment_id(&one.body))
        .collect();
    let mut of_customer: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for id in &taken {
        let (customer, no) = id.rsplit_once('_').unwrap();
        of_customer.entry(customer).or_default().push(no);
    }
    let in_order: Vec<String> = (0..EVENTS_EACH).map(|no| no.to_string()).collect();
    assert_eq!(of_customer.len(), CUSTOMERS);
    assert!(
        of_customer.values().all(|order| *order == in_order),
        "{of_customer:?}"
    );

    let held_back = taken.iter().position(|id| id == FIRST).unwrap();
    assert!(held_back > 0, "the other customers did not wait");
}
