//! What most tests need.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use integration_core::{
    Backoff, Clock, Error, FastRng, SystemClock,
    http::{Client, ClientBuilder},
    resilience::Config,
};
use integration_testkit::{Recorder, ScriptedServer};
use tokio::time::Instant;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

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

/// Everything that can be seen of an error.
pub(crate) fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(&format!("{cause} {cause:?}"));
        next = cause.source();
    }
    text
}

/// What was logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Keeps all that this thread logs, spans too, until the guard is dropped.
    pub(crate) fn keep() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
