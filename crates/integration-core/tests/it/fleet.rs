//! Clients of one fleet share quotas, pauses and the retry budget.

use std::{sync::Arc, time::Duration};

use integration_core::{
    ErrorKind, FastRng, GaveUp, SystemClock,
    http::Client,
    keyed::KeyedConfig,
    rate_limit::Quota,
    resilience::Config,
    retry_budget::RetryBudgetConfig,
    shared_store::{Fleet, FleetConfig, MemoryStore},
};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{builder, now, quick};

fn store() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new(KeyedConfig::default(), SystemClock::shared()).unwrap())
}

fn fleet(store: &Arc<MemoryStore>, config: FleetConfig) -> Arc<Fleet> {
    let clock = SystemClock::shared();
    Arc::new(Fleet::new(store.clone(), config, clock, Arc::new(FastRng)).unwrap())
}

/// Two clients, as two processes would have them.
fn two(server: &ScriptedServer, policies: &Config, config: &FleetConfig) -> [Client; 2] {
    let store = store();
    [(); 2].map(|()| {
        builder(server, policies.clone())
            .fleet(fleet(&store, config.clone()))
            .build()
            .unwrap()
    })
}

#[tokio::test]
async fn a_quota_holds_for_all_together() {
    let server = ScriptedServer::start(|_| Reply::ok("done")).await.unwrap();
    let quota = Quota::new(4, Duration::from_millis(400)).with_burst(4);
    let clients = two(
        &server,
        &quick().with_rate_limit(quota),
        &FleetConfig::new(2),
    );
    let started = now();
    for number in 0..8 {
        clients[number % 2].get("/").send().await.unwrap();
    }
    let took = now() - started;
    assert!(took >= Duration::from_millis(390), "{took:?}");
}

#[tokio::test]
async fn a_pause_that_one_is_asked_for_holds_the_other() {
    let server = ScriptedServer::replies([
        Reply::status(429).header("retry-after-ms", "300"),
        Reply::ok("done"),
    ])
    .await
    .unwrap();
    let clients = two(&server, &quick().with_max_attempts(1), &FleetConfig::new(2));
    clients[0].get("/").send().await.unwrap_err();
    let started = now();
    clients[1].get("/").send().await.unwrap();
    let waited = now() - started;
    assert!(waited >= Duration::from_millis(250), "{waited:?}");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_retry_budget_is_spent_by_all_together() {
    let server = ScriptedServer::start(|_| Reply::status(500)).await.unwrap();
    let poor = RetryBudgetConfig::default()
        .with_percent(0)
        .with_min_per_second(1)
        .with_capacity(1);
    let policies = quick().with_circuit_breaker(None).with_max_attempts(2);
    let config = FleetConfig::new(2).with_retry_budget(poor);
    let clients = two(&server, &policies, &config);
    let mut gave_up = Vec::new();
    for client in &clients {
        gave_up.push(client.get("/").send().await.unwrap_err().gave_up());
    }
    assert_eq!(
        gave_up,
        [Some(GaveUp::AttemptsUsed), Some(GaveUp::BudgetEmpty)]
    );
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn an_open_circuit_burns_no_quota_of_the_fleet() {
    let server = ScriptedServer::start(|request| match request.path.as_str() {
        "/ok" => Reply::ok("done"),
        _ => Reply::status(500),
    })
    .await
    .unwrap();
    let breaker =
        integration_core::circuit_breaker::CircuitBreakerConfig::default().with_window(4, 2);
    let quota = Quota::new(6, Duration::from_secs(30)).with_burst(6);
    let policies = quick()
        .with_circuit_breaker(breaker)
        .with_max_attempts(1)
        .with_rate_limit(quota);
    let clients = two(&server, &policies, &FleetConfig::new(2));
    for _ in 0..2 {
        clients[0].get("/").send().await.unwrap_err();
    }
    for _ in 0..20 {
        let error = clients[0].get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    }
    // Four of the six slots are left for the other process.
    for _ in 0..4 {
        clients[1].get("/ok").send().await.unwrap();
    }
}

#[tokio::test]
async fn quotas_of_a_fleet_are_those_of_its_configuration() {
    let server = ScriptedServer::start(|_| Reply::ok("done")).await.unwrap();
    let clients = two(&server, &quick(), &FleetConfig::new(2));
    let error = clients[0]
        .set_rate_limit("x", Quota::per_second(1))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);

    let too_many = quick().with_rate_limit(Quota::per_second(1));
    let built = builder(&server, too_many)
        .fleet(fleet(&store(), FleetConfig::new(2)))
        .build();
    assert_eq!(built.unwrap_err().kind(), ErrorKind::Config);
}
