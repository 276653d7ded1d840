//! Nothing secret is logged, from the login over a refresh to the logout.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use integration_core::ExposeSecret;
use integration_oauth::connection::ConnectionKey;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::support::{Site, get, path, post};

/// Everything that is logged at any level, spans and fields too.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut self.clone());
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The values of these fields in whatever was sent to the provider.
fn sent(site: &Site, names: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for request in site.server.server().received() {
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        for encoded in [query.as_bytes(), &request.body] {
            let fields = form_urlencoded::parse(encoded).into_owned();
            let secret = fields.filter(|(name, _)| names.contains(&name.as_str()));
            found.extend(secret.map(|(_, value)| value));
        }
    }
    found
}

#[tokio::test]
async fn a_whole_life_of_a_login_logs_no_secret_at_any_level() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let site = Site::start().await;
    let key = ConnectionKey::new("default", "demo", "user-1").unwrap();
    let held = key.clone();
    let app = site
        .routes()
        .logged_out_uri("http://127.0.0.1:3000/logged-out")
        .on_logout(move |_| {
            let key = held.clone();
            async move { Ok(([("x-left", "yes")], Some(key))) }
        })
        .router();

    let begun = get(&app, "/login/demo", "").await;
    let back = site.visit(&begun).await;
    assert_eq!(get(&app, path(&back.url), &begun.jar()).await.status, 303);
    let replayed = get(&app, path(&back.url), &begun.jar()).await;
    assert_eq!(replayed.status, 400);
    let tokens = site.oauth.tokens(&key).unwrap();
    let first = tokens.get().await.unwrap();
    let first_refresh = site.server.last_refresh_token().unwrap();
    let _ = tokens.refused(first.version());
    let second = tokens.get().await.unwrap();
    assert_ne!(
        first.secret().expose_secret(),
        second.secret().expose_secret()
    );
    let left = post(&app, "/logout", "", "").await;
    assert_eq!(left.status, 303);
    drop(guard);

    let mut secrets = sent(
        &site,
        &[
            "state",
            "nonce",
            "code",
            "code_verifier",
            "refresh_token",
            "client_secret",
        ],
    );
    let url = url::Url::parse(&left.location).unwrap();
    secrets.extend(
        url.query_pairs()
            .map(|(_, value)| value.into_owned())
            .filter(|v| v.len() > 40),
    );
    secrets.push(begun.jar().split_once('=').unwrap().1.to_owned());
    secrets.push(first_refresh);
    secrets.push(site.server.last_refresh_token().unwrap());
    secrets.push(site.server.client_secret().expose_secret().to_owned());
    for token in [&first, &second] {
        secrets.push(token.secret().expose_secret().to_owned());
    }
    assert!(secrets.len() >= 12, "{} secrets were used", secrets.len());
    let log = log.0.lock().unwrap();
    assert!(log.contains("oauth."), "nothing was logged at all");
    for secret in secrets.iter().filter(|secret| secret.len() > 8) {
        let place = log.find(secret.as_str());
        assert!(
            place.is_none(),
            "a secret of {} bytes is in the log",
            secret.len()
        );
    }
}
