use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use ::http::{HeaderMap, StatusCode};

use super::{
    AttemptRequest, Client, HttpConfig, RawBody, RawResponse, Transport, TransportError,
    verdict_of_status,
};
use crate::{
    error::{Delivery, ErrorKind, Health, Retriability},
    resilience::Config,
};

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect()
}

#[test]
fn a_status_and_its_hint_have_one_verdict() {
    use ErrorKind::*;
    use Health::{Failure, Neutral, Success};
    type Row = (
        u16,
        Option<&'static str>,
        Option<ErrorKind>,
        Health,
        Option<u64>,
    );
    let rows: &[Row] = &[
        (200, None, None, Success, None),
        (204, Some("5"), None, Success, None),
        (301, None, Some(Other), Neutral, None),
        (304, None, Some(Other), Neutral, None),
        (400, None, Some(Validation), Neutral, None),
        (401, None, Some(Unauthenticated), Neutral, None),
        (402, None, Some(QuotaExhausted), Neutral, None),
        (402, Some("60"), Some(QuotaExhausted), Neutral, Some(60)),
        (403, Some("60"), Some(PermissionDenied), Neutral, None),
        (404, None, Some(NotFound), Neutral, None),
        (408, None, Some(Incomplete), Failure, None),
        (409, None, Some(Conflict), Neutral, None),
        (412, None, Some(PreconditionFailed), Neutral, None),
        (418, None, Some(Other), Neutral, None),
        (422, None, Some(Validation), Neutral, None),
        (429, None, Some(RateLimited), Neutral, None),
        (429, Some("7"), Some(RateLimited), Neutral, Some(7)),
        (429, Some("soon"), Some(RateLimited), Neutral, None),
        (500, None, Some(Internal), Failure, None),
        (501, None, Some(Internal), Failure, None),
        (502, None, Some(Unavailable), Failure, None),
        (503, None, Some(Unavailable), Failure, None),
        (503, Some("7"), Some(RateLimited), Neutral, Some(7)),
        (503, Some("soon"), Some(Unavailable), Failure, None),
        (504, Some("7"), Some(Unavailable), Failure, Some(7)),
    ];
    for (status, hint, kind, health, wait) in rows {
        let headers = hint
            .map(|hint| headers(&[("retry-after", hint)]))
            .unwrap_or_default();
        let status = StatusCode::from_u16(*status).unwrap();
        let verdict = verdict_of_status(status, &headers, Duration::ZERO);
        assert_eq!(verdict.kind, *kind, "{status} {hint:?}");
        assert_eq!(verdict.health, *health, "{status} {hint:?}");
        assert_eq!(
            verdict.hint,
            wait.map(Duration::from_secs),
            "{status} {hint:?}"
        );
    }
}

#[test]
fn a_redirect_shows_where_it_leads_without_secrets() {
    let headers = headers(&[("location", "https://u:p@other.example/take?key=1")]);
    let verdict = verdict_of_status(StatusCode::FOUND, &headers, Duration::ZERO);
    assert_eq!(verdict.retriability, Retriability::Never);
    assert_eq!(verdict.delivery, Delivery::Executed);
    let shown = verdict.into_error("demo".into()).to_string();
    assert_eq!(
        shown,
        "demo: redirects are not followed status=302 location=https://other.example/take"
    );
}

#[test]
fn a_request_id_is_kept_up_to_its_limit() {
    for (len, kept) in [(0, false), (128, true), (129, false)] {
        let id = "r".repeat(len);
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", id.parse().unwrap());
        let verdict = verdict_of_status(StatusCode::BAD_REQUEST, &headers, Duration::ZERO);
        let error = verdict.into_error("demo".into());
        assert_eq!(error.request_id(), kept.then_some(&*id), "{len}");
    }
}

/// Fails in every way in turn, then answers.
#[derive(Default)]
struct Flaky(AtomicU32);

impl Transport for Flaky {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        assert_eq!(request.url.as_str(), "http://demo.example/v1/charges");
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => Err(TransportError::new(ErrorKind::Dns)),
            1 => Err(TransportError::new(ErrorKind::ConnectionReset)),
            _ => {
                let body = RawBody::Full(request.body.as_bytes().unwrap().clone());
                Ok(RawResponse::new(StatusCode::OK, HeaderMap::new(), body))
            }
        }
    }
}

fn builder() -> super::ClientBuilder {
    Client::standard("http://demo.example/v1").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_transport_of_ones_own_is_driven_like_the_real_one() {
    let client = builder().transport(Flaky::default()).build().unwrap();
    let call = client.post("/charges").idempotency_key("k").body("echo");
    let response = call.send().await.unwrap();
    assert_eq!(response.attempts(), 3);
    assert_eq!(response.body(), "echo");
}

#[tokio::test(start_paused = true)]
async fn a_reset_after_a_failed_lookup_is_the_end_of_a_post() {
    let client = builder().transport(Flaky::default()).build().unwrap();
    let error = client.post("/charges").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(error.delivery(), Delivery::MaybeExecuted);
    let kinds: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.kind)
        .collect();
    assert_eq!(kinds, [ErrorKind::Dns, ErrorKind::ConnectionReset]);
}

/// Never answers.
struct Silent;

impl Transport for Silent {
    async fn send(&self, _request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_timed_out_attempt_three_times() {
    let client = builder().transport(Silent).build().unwrap();
    let error = client
        .get("/charges")
        .deadline(Duration::from_secs(60))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AttemptTimeout);
    assert!(
        error
            .to_string()
            .starts_with("http.get: attempt timed out after 10s"),
        "{error}"
    );
    let elapsed: Vec<_> = error
        .attempts()
        .iter()
        .map(|a| a.elapsed.as_secs())
        .collect();
    assert_eq!(elapsed, [10, 10, 10]);
}

#[test]
fn impossible_clients_name_the_field() {
    let http = HttpConfig::default;
    let rows = [
        (
            http().with_connect_timeout(Duration::ZERO),
            "connect_timeout",
        ),
        (
            http().with_connect_timeout(Duration::from_secs(11)),
            "connect_timeout",
        ),
        (http().with_idle_timeout(Duration::ZERO), "idle_timeout"),
        (http().with_body_limit(0), "body_limit"),
    ];
    for (http, field) in rows {
        let error = builder().http(http).build().unwrap_err().to_string();
        assert!(error.contains(&format!("`{field}`")), "{error}");
    }
    let policies = Config::default().with_max_attempts(0);
    assert!(builder().policies(policies).build().is_err());
    let error = Client::builder()
        .header("x", "y")
        .unwrap()
        .build()
        .unwrap_err();
    assert!(error.to_string().contains("need a base"), "{error}");
}

#[test]
fn a_client_of_every_preset_can_be_built() {
    for preset in crate::resilience::Preset::ALL {
        let builder = Client::preset(preset, "http://127.0.0.1:9").unwrap();
        builder.build().unwrap();
    }
}

#[test]
fn a_base_that_no_call_can_go_to_is_refused() {
    for base in [
        "",
        "demo.example",
        "ftp://h",
        "http://u:p@h",
        "http://h/?q",
        "http://h/#f",
    ] {
        let error = Client::standard(base).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{base}");
    }
    for base in ["http://h", "https://h:8443/v1/", "http://[::1]:80"] {
        assert!(Client::standard(base).is_ok(), "{base}");
    }
}
