//! What is logged for a developer to read.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use integration_stripe::{Client, Config, Node, Params, op::Verb};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::config;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Keeps what this thread logs until the guard is dropped.
    fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let into = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || into.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn a_notice_of_stripe_is_a_warning_on_answers_and_on_errors() {
    for status in [200, 400] {
        let reply = Reply::status(status)
            .header("stripe-notice", "this version ends soon")
            .body(r#"{"error":{}}"#);
        let server = ScriptedServer::replies([reply]).await.unwrap();
        let client = Client::new(config(&server)).unwrap();
        let (log, _guard) = Log::start();
        let call = client.raw::<Node>(Verb::Get, "/v1/balance", Params::new());
        assert_eq!(call.send().await.is_ok(), status == 200);
        let text = log.text();
        assert!(text.contains("WARN"), "{text}");
        assert!(text.contains("this version ends soon"), "{text}");
        assert!(text.contains("stripe.raw.get"), "{text}");
    }
}

#[test]
fn a_live_key_in_a_test_is_warned_about_and_not_shown() {
    for (key, base, is_warned) in [
        ("rk_live_canary", "http://127.0.0.1:1", true),
        ("sk_test_canary", "http://127.0.0.1:1", false),
        ("rk_live_canary", "http://proxy.example", false),
    ] {
        let (log, _guard) = Log::start();
        let config = Config::new(key.to_owned().into()).with_base_url(base);
        Client::new(config).unwrap();
        assert_eq!(log.text().contains("live key"), is_warned, "{key} {base}");
        assert!(!log.text().contains("canary"));
    }
}
