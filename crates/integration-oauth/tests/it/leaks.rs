//! No secret is logged at any level by any test of this binary, run once more and watched.

use integration_core::{ExposeSecret as _, http::Client};
use integration_oauth::Provider;
use integration_testkit::{leaks::Run, oauth::MockAuthServer};

/// Kinds of secrets that the tests must have used, so that something was looked for.
const KINDS: [&str; 16] = [
    "access_token",
    "assertion",
    "authorization",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "cookie",
    "d",
    "device_code",
    "dpop",
    "id_token",
    "nonce",
    "refresh_token",
    "sealing_key",
    "state",
];

#[test]
fn a_run_of_all_tests_shows_no_secret_at_any_level() {
    let report = Run::new().skip("leaks::").search().unwrap();
    for kind in KINDS {
        assert!(report.noted(kind) > 0, "{kind}: {report:?}");
    }
    assert!(report.searched() > 100_000, "{report:?}");
    assert!(report.leaks().is_empty(), "{report:#?}");
}

#[test]
fn a_secret_that_is_logged_is_found() {
    let report = Run::new().only("leaks::on_purpose").search().unwrap();
    let kinds: Vec<&str> = report
        .leaks()
        .iter()
        .filter_map(|leak| leak.split_once(" after: "))
        .filter(|(_, before)| before.ends_with("seeded="))
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(
        kinds,
        ["access_token", "authorization", "client_secret"],
        "{report:#?}"
    );
}

/// Logs what must not be logged: as it is, in a header of a span, and in a form.
#[tokio::test]
async fn on_purpose() {
    let server = MockAuthServer::start().await.unwrap();
    let provider = Provider::discover(server.issuer())
        .client_id(MockAuthServer::CLIENT_ID)
        .client_secret(server.client_secret())
        .build()
        .unwrap();
    let tokens = provider.client_credentials(["a"]).await.unwrap();
    tracing::trace!("seeded={}", tokens.access_token.expose_secret());
    let secret = server.client_secret();
    let bytes = secret.expose_secret().as_bytes();
    let encoded: String = form_urlencoded::byte_serialize(bytes).collect();
    tracing::debug!(form = format!("seeded={encoded}"));
    let http = Client::builder().build().unwrap();
    let request = http.get(&server.url("/userinfo")).any_status();
    request
        .header("authorization", "Bearer a-token-of-nobody")
        .send()
        .await
        .unwrap();
    let _span = tracing::info_span!("sent", seeded = "a-token-of-nobody");
}
