//! What most tests need.

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use integration_core::{
    Backoff, Clock, Error, ErrorKind, FastRng, SystemClock,
    credentials::{CachedToken, Credentials, SecretSource, Token, TokenConfig},
    http::{Client, ClientBuilder},
    resilience::Config,
};
use integration_testkit::{Canary, Recorder, ScriptedServer};
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

/// One of each kind, all with this secret, which is also in the file.
pub(crate) fn credentials_of_every_kind(canary: &Canary, path: &Path) -> Vec<Credentials> {
    let secret = canary.secret();
    let (of_closure, of_fetch) = (secret.clone(), secret.clone());
    let closure = SecretSource::closure(move || Ok(of_closure.clone())).unwrap();
    let calls = AtomicU64::new(0);
    let fetch = move |_| {
        let number = calls.fetch_add(1, Ordering::Relaxed);
        let secret = of_fetch.clone();
        async move {
            match number {
                0 => Ok(Token::new(secret).expires_in(Duration::from_secs(3600))),
                _ => Err(Error::new(ErrorKind::Unavailable, "demo.token")),
            }
        }
    };
    let token = CachedToken::new(fetch, TokenConfig::default()).unwrap();
    canary.assert_hidden_by(&token);
    vec![
        Credentials::api_key("x-api-key", &secret).unwrap(),
        Credentials::bearer(&secret).unwrap(),
        Credentials::basic("user", &secret).unwrap(),
        Credentials::basic_key(&secret).unwrap(),
        Credentials::api_key("x-api-key", SecretSource::file(path).unwrap()).unwrap(),
        Credentials::bearer(closure).unwrap(),
        Credentials::token(token),
    ]
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
