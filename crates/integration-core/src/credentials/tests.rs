use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header::AUTHORIZATION};
use parking_lot::Mutex;
use tokio::time::Instant;
use url::Url;

use super::{
    CachedToken, Credentials, Generation, Lender, Lending, Lent, Rejection, Token, TokenConfig,
};
use crate::{
    Clock, ErrorKind, SecretString, SystemClock,
    error::Error,
    http::{AttemptRequest, Client, RawBody, RawResponse, Transport, TransportError},
};

fn key(secret: &str) -> SecretString {
    SecretString::from(secret)
}

async fn added(credentials: &Credentials) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // Of an attempt before.
    if let Some(header) = credentials.header() {
        headers.insert(header.clone(), HeaderValue::from_static("stale"));
    }
    let deadline = SystemClock.now() + Duration::from_secs(1);
    let generation = credentials.authorize(&mut headers, deadline).await.unwrap();
    assert_eq!(generation, Generation::default());
    let rejection = credentials.rejected(generation, deadline).await;
    assert_eq!(rejection, Rejection::Final);
    headers
}

#[tokio::test]
async fn each_kind_adds_its_header() {
    let rows = [
        (
            Credentials::api_key("X-Api-Key", key("k")),
            "x-api-key",
            "k",
        ),
        (
            Credentials::api_key_with_prefix("authorization", "Token ", key("k")),
            "authorization",
            "Token k",
        ),
        (Credentials::bearer(key("k")), "authorization", "Bearer k"),
        // RFC 7617, 2.
        (
            Credentials::basic("Aladdin", key("open sesame")),
            "authorization",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ),
        // RFC 7617, 2.1.
        (
            Credentials::basic("test", key("123\u{a3}")),
            "authorization",
            "Basic dGVzdDoxMjPCow==",
        ),
        (
            Credentials::basic_key(key("sk_1")),
            "authorization",
            "Basic c2tfMTo=",
        ),
    ];
    for (credentials, name, value) in rows {
        let headers = added(&credentials.unwrap()).await;
        assert_eq!(headers.len(), 1);
        assert_eq!(headers[name], value);
        assert!(headers[name].is_sensitive());
    }
    assert!(added(&Credentials::none()).await.is_empty());
}

#[test]
fn impossible_credentials_are_refused() {
    let rows = [
        Credentials::api_key("x api", key("k")),
        Credentials::api_key("", key("k")),
        Credentials::api_key("Host", key("k")),
        Credentials::api_key("content-length", key("k")),
        Credentials::api_key("x-api-key", key("")),
        Credentials::api_key("x-api-key", key("a\r\nx-evil: 1")),
        Credentials::api_key("x-api-key", key("k\n")),
        Credentials::api_key("x-api-key", key("\u{e9}")),
        Credentials::api_key_with_prefix("x-api-key", "a\nb", key("k")),
        Credentials::basic("a:b", key("k")),
        Credentials::basic("a\n", key("k")),
        Credentials::basic("a", key("k\n")),
        Credentials::basic("a", key("")),
        Credentials::basic_key(key("a:b")),
    ];
    for credentials in rows {
        assert_eq!(credentials.unwrap_err().kind(), ErrorKind::Config);
    }
}

/// A service that knows which token is valid.
#[derive(Clone, Default)]
struct Service {
    valid: Arc<AtomicU64>,
    seen: Arc<Mutex<Vec<Option<String>>>>,
}

impl Transport for Service {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        let token = request.headers.get("authorization");
        let token = token.map(|token| token.to_str().unwrap().to_owned());
        let valid = format!("Bearer t{}", self.valid.load(Ordering::Relaxed));
        let status = if token == Some(valid) {
            StatusCode::OK
        } else {
            StatusCode::UNAUTHORIZED
        };
        self.seen.lock().push(token);
        // So that others are on their way as well.
        tokio::time::sleep(Duration::from_millis(10)).await;
        let body = RawBody::Full(request.body.as_bytes().unwrap().clone());
        Ok(RawResponse::new(status, HeaderMap::new(), body))
    }
}

struct Rig {
    service: Service,
    fetches: Arc<AtomicU64>,
    client: Client,
}

fn rig() -> Rig {
    let (service, fetches) = (Service::default(), Arc::new(AtomicU64::new(0)));
    let count = Arc::clone(&fetches);
    let fetch = move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            match number {
                9 => Err(Error::new(ErrorKind::Unavailable, "demo.token")),
                _ => Ok(Token::new(format!("t{number}"))),
            }
        }
    };
    let token = CachedToken::new(fetch, TokenConfig::default()).unwrap();
    let base = Url::parse("http://demo.example/v1").unwrap();
    let builder = Client::standard(base.as_str()).unwrap();
    let client = builder
        .credentials(Credentials::token(token))
        .transport(service.clone())
        .build()
        .unwrap();
    Rig {
        service,
        fetches,
        client,
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once_within_the_attempt() {
    let rig = rig();
    rig.service.valid.store(2, Ordering::Relaxed);
    let response = rig.client.post("/pay").body("echo").send().await.unwrap();
    assert_eq!(response.attempts(), 1);
    assert_eq!(response.body(), "echo");
    let seen = rig.service.seen.lock().clone();
    assert_eq!(seen, [Some("Bearer t1".into()), Some("Bearer t2".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_refused_calls_cause_one_refresh() {
    let rig = rig();
    rig.service.valid.store(1, Ordering::Relaxed);
    rig.client.get("/").send().await.unwrap();
    rig.service.valid.store(2, Ordering::Relaxed);
    let calls: Vec<_> = (0..100)
        .map(|_| tokio::spawn(rig.client.get("/").send()))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(rig.fetches.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_refuses_every_token_costs_one_refresh() {
    let rig = rig();
    for sent in [2, 3, 4] {
        let error = rig.client.get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert_eq!(error.attempts().len(), 1);
        assert_eq!(rig.service.seen.lock().len(), sent);
    }
    assert_eq!(rig.fetches.load(Ordering::Relaxed), 2);
}

/// Signs each request, and gives its value up only where the answer names it.
#[derive(Debug, Default)]
struct Elsewhere(AtomicU64, Mutex<Vec<(u64, StatusCode)>>);

impl Lender for Elsewhere {
    fn header(&self) -> &HeaderName {
        &AUTHORIZATION
    }

    fn ready(&self) -> Option<Lent> {
        None
    }

    fn lend(&self, _deadline: Instant) -> Lending<'_, crate::error::Result<Lent>> {
        let number = self.0.load(Ordering::Relaxed) + 1;
        let value = HeaderValue::try_from(format!("Bearer t{number}")).unwrap();
        Box::pin(std::future::ready(Ok(Lent::new(
            value,
            Generation::new(number),
        ))))
    }

    fn reject(
        &self,
        generation: Generation,
        answer: &HeaderMap,
        _deadline: Instant,
    ) -> Lending<'_, Rejection> {
        let is_named = answer
            .get("www-authenticate")
            .is_some_and(|said| said == "t");
        if is_named {
            self.0.store(generation.number(), Ordering::Relaxed);
        }
        let rejection = if is_named {
            Rejection::TryAgain
        } else {
            Rejection::Final
        };
        Box::pin(std::future::ready(rejection))
    }

    fn answered(&self, generation: Generation, _: &Url, status: StatusCode, _: &HeaderMap) {
        self.1.lock().push((generation.number(), status));
    }

    fn sign(
        &self,
        generation: Generation,
        method: &Method,
        url: &Url,
        headers: &mut HeaderMap,
    ) -> crate::error::Result<()> {
        let proof = format!("{} {method} {}", generation.number(), url.path());
        headers.insert("proof", HeaderValue::try_from(proof).unwrap());
        Ok(())
    }
}

#[tokio::test]
async fn a_lender_sees_the_request_and_the_answer_that_refused_it() {
    let credentials = Credentials::lent(Arc::new(Elsewhere::default()));
    let deadline = SystemClock.now() + Duration::from_secs(1);
    let url = Url::parse("https://demo.example/a?b").unwrap();
    let mut headers = HeaderMap::new();
    let sent = async |headers: &mut HeaderMap| {
        let sending = credentials.authorize_request(&Method::PUT, &url, headers, deadline);
        sending.await.unwrap()
    };
    let first = sent(&mut headers).await;
    assert_eq!(headers["proof"], "1 PUT /a");
    assert!(headers["authorization"].is_sensitive());
    let mut answer = HeaderMap::new();
    let rejection = credentials.rejected_with(first, &answer, deadline).await;
    assert_eq!(rejection, Rejection::Final);
    assert_eq!(
        credentials.rejected(first, deadline).await,
        Rejection::Final
    );
    answer.insert("www-authenticate", HeaderValue::from_static("t"));
    let rejection = credentials.rejected_with(first, &answer, deadline).await;
    assert_eq!(rejection, Rejection::TryAgain);
    sent(&mut headers).await;
    assert_eq!(headers["proof"], "2 PUT /a");
    assert_eq!(headers["authorization"], "Bearer t2");
}

/// Signs a request, and says of each refusal what stands next in its script.
#[derive(Debug, Default)]
struct Signing {
    script: Mutex<VecDeque<Rejection>>,
    answered: AtomicU64,
    signed: AtomicU64,
}

impl Lender for Signing {
    fn header(&self) -> &HeaderName {
        &AUTHORIZATION
    }

    fn ready(&self) -> Option<Lent> {
        let value = HeaderValue::from_static("Bearer t");
        Some(Lent::new(value, Generation::new(1)))
    }

    fn lend(&self, _deadline: Instant) -> Lending<'_, crate::error::Result<Lent>> {
        unreachable!("a value is at hand")
    }

    fn reject(&self, _: Generation, _: &HeaderMap, _: Instant) -> Lending<'_, Rejection> {
        let next = self.script.lock().pop_front();
        Box::pin(std::future::ready(next.unwrap_or(Rejection::Final)))
    }

    fn answered(&self, _: Generation, _: &Url, _: StatusCode, _: &HeaderMap) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    fn sign(
        &self,
        _: Generation,
        _: &Method,
        _: &Url,
        _: &mut HeaderMap,
    ) -> crate::error::Result<()> {
        self.signed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_signed_again_once_and_renewed_once_and_no_more() {
    use Rejection::{Final, SignAgain, TryAgain};
    let rows: [(&[Rejection], u64); 6] = [
        (&[Final], 1),
        (&[SignAgain, Final], 2),
        (&[SignAgain, SignAgain, SignAgain], 2),
        (&[SignAgain, TryAgain, TryAgain], 3),
        (&[TryAgain, TryAgain], 2),
        (&[TryAgain, SignAgain], 2),
    ];
    for (script, expected) in rows {
        let lender = Arc::new(Signing::default());
        lender.script.lock().extend(script);
        let client = Client::standard("http://demo.example/").unwrap();
        let client = client
            .credentials(Credentials::lent(lender.clone()))
            .transport(Service::default());
        let error = client.build().unwrap().get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        let counts = (&lender.signed, &lender.answered);
        let counts = (
            counts.0.load(Ordering::Relaxed),
            counts.1.load(Ordering::Relaxed),
        );
        assert_eq!(counts, (expected, expected), "{script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lender_hears_of_every_answer_to_its_value() {
    let lender = Arc::new(Elsewhere::default());
    let service = Service::default();
    service.valid.store(2, Ordering::Relaxed);
    let builder = Client::standard("http://demo.example/").unwrap();
    let builder = builder.transport(service.clone());
    let client = builder.credentials(Credentials::lent(lender.clone()));
    let client = client.build().unwrap();
    client.get("/").send().await.unwrap_err();
    service.valid.store(1, Ordering::Relaxed);
    client.get("/").send().await.unwrap();
    let heard = [(1, StatusCode::UNAUTHORIZED), (1, StatusCode::OK)];
    assert_eq!(*lender.1.lock(), heard);
}

#[tokio::test(start_paused = true)]
async fn another_origin_and_a_header_of_the_call_are_left_alone() {
    let rig = rig();
    let others = [
        "http://other.example/",
        "https://demo.example/",
        "http://demo.example:81/",
    ];
    for other in others {
        rig.client.get(other).send().await.unwrap_err();
    }
    let own = rig.client.get("/").header("authorization", "own");
    own.send().await.unwrap_err();
    let seen = rig.service.seen.lock().clone();
    assert_eq!(seen, [None, None, None, Some("own".into())]);
    assert_eq!(rig.fetches.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_credentials_is_tried_again_when_they_may_come() {
    let rig = rig();
    rig.fetches.store(8, Ordering::Relaxed);
    rig.service.valid.store(10, Ordering::Relaxed);
    let error = rig.client.post("/").max_attempts(1).send().await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(rig.service.seen.lock().is_empty(), "it was sent");
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.client.post("/").send().await.unwrap();
}
