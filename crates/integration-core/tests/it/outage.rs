//! An outage is not multiplied.

use std::time::Duration;

use integration_core::{ErrorKind, GaveUp, circuit_breaker::CircuitState, observer::Happening};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{client, now, quick, recorded};

#[tokio::test]
async fn three_hundred_calls_into_an_outage_are_at_most_thirty_requests() {
    let server = ScriptedServer::replies([Reply::status(503)]).await.unwrap();
    let (client, events) = recorded(&server, quick());
    let mut open = 0;
    for _ in 0..300 {
        let error = client.get("/").send().await.unwrap_err();
        open += usize::from(error.kind() == ErrorKind::CircuitOpen);
    }
    assert!(server.count() <= 30, "{} requests", server.count());
    assert!(open >= 270, "{open} refused");
    let opened = Happening::CircuitChanged {
        to: CircuitState::Open,
    };
    assert!(events.happenings().contains(&opened));
}

#[tokio::test]
async fn without_a_breaker_the_budget_bounds_an_outage() {
    let server = ScriptedServer::replies([Reply::status(503)]).await.unwrap();
    let client = client(&server, quick().with_circuit_breaker(None));
    let mut empty = 0;
    for _ in 0..300 {
        let error = client.get("/").send().await.unwrap_err();
        empty += usize::from(error.gave_up() == Some(GaveUp::BudgetEmpty));
    }
    assert!(server.count() <= 360, "{} requests", server.count());
    assert!(empty > 200, "{empty} found the budget empty");
}

#[tokio::test]
async fn an_open_circuit_says_when_to_come_back_and_costs_nothing() {
    let server = ScriptedServer::replies([Reply::status(500)]).await.unwrap();
    let client = client(&server, quick().with_max_attempts(1));
    while client.get("/").send().await.unwrap_err().kind() != ErrorKind::CircuitOpen {}
    assert_eq!(server.count(), 20);
    let started = now();
    let error = client.get("/").send().await.unwrap_err();
    assert!(now() - started < Duration::from_millis(50));
    assert!(error.retry_after().unwrap() <= Duration::from_secs(5));
    assert_eq!(error.gave_up(), Some(GaveUp::Refused));
}

#[tokio::test]
async fn refusals_of_the_server_do_not_open_the_circuit() {
    let server = ScriptedServer::replies([Reply::status(404)]).await.unwrap();
    let client = client(&server, quick());
    for _ in 0..200 {
        let error = client.get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
