//! An outage is not multiplied.

use std::time::Duration;

use integration_core::{ErrorKind, GaveUp, circuit_breaker::CircuitMode};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{client, now, quick};

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

#[tokio::test]
async fn an_operator_opens_and_closes_a_circuit_while_calls_run() {
    let server = ScriptedServer::start(|_| Reply::ok("done")).await.unwrap();
    let client = client(&server, quick());
    let policies = client.policies(&server.address().to_string());
    let breaker = policies.circuit_breaker().unwrap();
    breaker.set_mode(CircuitMode::ForcedOpen);
    let error = client.get("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    assert_eq!(breaker.metrics(now()).refused, 1);
    breaker.set_mode(CircuitMode::Automatic);
    client.get("/").send().await.unwrap();
    assert_eq!(breaker.metrics(now()).results, 1);
}
