//! What most tests need.

use std::{sync::Arc, time::Duration};

use integration_core::{
    Backoff, Clock, FastRng, SystemClock,
    http::{Client, ClientBuilder},
    resilience::Config,
};
use integration_testkit::{Recorder, ScriptedServer};
use tokio::time::Instant;

/// Quick retries and a short deadline, all policies on.
pub(crate) fn quick() -> Config {
    let backoff = Backoff::exponential(Duration::from_millis(5), Duration::from_millis(20));
    Config::default()
        .with_timeouts(Duration::from_secs(5), Duration::from_secs(4))
        .with_backoff(backoff)
        .with_rate_limited_backoff(backoff)
}

pub(crate) fn builder(server: &ScriptedServer, policies: Config) -> ClientBuilder {
    Client::standard(&server.url(""))
        .unwrap()
        .policies(policies)
        .rng(Arc::new(FastRng))
}

pub(crate) fn client(server: &ScriptedServer, policies: Config) -> Client {
    builder(server, policies).build().unwrap()
}

pub(crate) fn recorded(server: &ScriptedServer, policies: Config) -> (Client, Arc<Recorder>) {
    recorded_by(builder(server, policies))
}

pub(crate) fn recorded_by(builder: ClientBuilder) -> (Client, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let client = builder.observer(recorder.clone()).build().unwrap();
    (client, recorder)
}

pub(crate) fn now() -> Instant {
    SystemClock.now()
}
