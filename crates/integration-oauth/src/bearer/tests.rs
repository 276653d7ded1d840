//! Tokens on requests, from the first to the one that replaces it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{
    Request, Response, StatusCode,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use integration_core::{
    Clock as _, Delivery, Error, ErrorKind, SystemClock,
    credentials::{Credentials, Generation, Lender as _},
    http::{AttemptRequest, Client, Method, RawBody, RawResponse, Transport, TransportError},
};
use integration_jwt::{Algorithm, SigningKey};
use parking_lot::Mutex;
use serde_json::Value;
use tower::{Service as _, ServiceBuilder, ServiceExt as _, service_fn};
use url::Url;

use super::{BearerLayer, lender::Loan};
use crate::manager::testing::{Process, World};

/// An API that honours one token, and blames others as it is told.
#[derive(Clone, Debug, Default)]
struct Api {
    honours: Arc<Mutex<String>>,
    blame: Arc<Mutex<Option<&'static str>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Api {
    fn honouring(token: &str) -> Self {
        let api = Self::default();
        *api.honours.lock() = token.to_owned();
        api
    }

    fn answer(&self, headers: &http::HeaderMap) -> Response<()> {
        let sent = headers[AUTHORIZATION].to_str().unwrap().to_owned();
        let is_good = sent == format!("Bearer {}", self.honours.lock());
        self.seen.lock().push(sent);
        let mut answer = Response::new(());
        if !is_good {
            *answer.status_mut() = StatusCode::UNAUTHORIZED;
            if let Some(blame) = *self.blame.lock() {
                answer
                    .headers_mut()
                    .insert(WWW_AUTHENTICATE, blame.parse().unwrap());
            }
        }
        answer
    }
}

impl Transport for Api {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        let (parts, ()) = self.answer(&request.headers).into_parts();
        let body = RawBody::Full(Default::default());
        Ok(RawResponse::new(parts.status, parts.headers, body))
    }
}

async fn connected(world: &World) -> Process {
    let process = world.process();
    process
        .oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    process
}

#[tokio::test(start_paused = true)]
async fn a_client_replaces_a_token_that_is_blamed_and_no_other() {
    let world = World::new();
    let process = connected(&world).await;
    let api = Api::honouring("a2");
    let client = Client::standard("http://demo.example/").unwrap();
    let client = client
        .credentials(process.oauth.credentials(&world.key).unwrap())
        .transport(api.clone())
        .build()
        .unwrap();
    *api.blame.lock() = Some(r#"Bearer error="insufficient_scope""#);
    client.get("/").send().await.unwrap_err();
    assert_eq!(world.server.calls(), 0);
    *api.blame.lock() = Some(r#"Bearer error="invalid_token""#);
    client.get("/").send().await.unwrap();
    assert_eq!(world.server.calls(), 1);
    assert_eq!(*api.seen.lock(), ["Bearer a1", "Bearer a1", "Bearer a2"]);
}

#[tokio::test(start_paused = true)]
async fn the_layer_replays_a_request_once_with_the_next_token() {
    let world = World::new();
    let process = connected(&world).await;
    let api = Api::honouring("a2");
    let layer = BearerLayer::new(process.oauth.tokens(&world.key).unwrap());
    let (shared, sends) = (api.clone(), Arc::new(AtomicU32::new(0)));
    let count = Arc::clone(&sends);
    let mut service = ServiceBuilder::new().layer(layer).service(service_fn(
        move |request: Request<&'static str>| {
            count.fetch_add(1, Ordering::Relaxed);
            assert_eq!(*request.body(), "body");
            let answer = shared.answer(request.headers());
            async move { Ok::<_, Error>(answer) }
        },
    ));
    let request = || Request::post("http://demo.example/x").body("body").unwrap();
    let answer = service
        .ready()
        .await
        .unwrap()
        .call(request())
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(*api.seen.lock(), ["Bearer a1", "Bearer a2"]);
    // An API that refuses every token costs one refresh, and each request is sent twice at most.
    *api.honours.lock() = "none".into();
    for _ in 0..5 {
        let answer = service
            .ready()
            .await
            .unwrap()
            .call(request())
            .await
            .unwrap();
        assert_eq!(answer.status(), 401);
    }
    assert_eq!(world.server.calls(), 1, "one was replaced a moment ago");
    assert_eq!(sends.load(Ordering::Relaxed), 7);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_bound_goes_with_a_proof_and_takes_the_nonce_it_is_given() {
    let world = World::new();
    let process = world.process();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let mut set = world.server.login();
    set.token_type = "DPoP".into();
    set.dpop_key = Some(key.private_jwk().unwrap());
    process.oauth.connect(world.key.clone(), set).await.unwrap();
    let layer = BearerLayer::new(process.oauth.tokens(&world.key).unwrap());
    let proofs = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&proofs);
    let service =
        ServiceBuilder::new()
            .layer(layer)
            .service(service_fn(move |request: Request<()>| {
                let headers = request.headers();
                assert_eq!(headers[AUTHORIZATION], "DPoP a1");
                assert!(headers["dpop"].is_sensitive());
                seen.lock()
                    .push(headers["dpop"].to_str().unwrap().to_owned());
                let mut answer = Response::new(());
                if seen.lock().len() == 1 {
                    *answer.status_mut() = StatusCode::UNAUTHORIZED;
                    let challenge = r#"DPoP error="use_dpop_nonce""#.parse().unwrap();
                    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                    answer
                        .headers_mut()
                        .insert("dpop-nonce", "n1".parse().unwrap());
                }
                async move { Ok::<_, Error>(answer) }
            }));
    let request = Request::get("http://demo.example/x?y").body(()).unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
    let proofs = proofs.lock();
    assert_eq!(proofs.len(), 2);
    assert_ne!(proofs[0], proofs[1]);
    assert_eq!(world.server.calls(), 0, "the token was not to blame");
}

/// Connects with tokens that are bound to a key.
async fn bound(world: &World) -> Process {
    let process = world.process();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let mut set = world.server.login();
    set.token_type = "DPoP".into();
    set.dpop_key = Some(key.private_jwk().unwrap());
    process.oauth.connect(world.key.clone(), set).await.unwrap();
    process
}

/// An API that gives the token back that a proof is for, and wants a nonce it has not given yet.
#[derive(Clone, Debug, Default)]
struct Proven {
    /// What was sent: the token, the method and the address that the proof is for, its nonce.
    seen: Arc<Mutex<Vec<[String; 4]>>>,
    nonce: Option<&'static str>,
    refuses: Option<&'static str>,
}

impl Proven {
    fn answer(&self, headers: &http::HeaderMap) -> Response<()> {
        let sent = headers[AUTHORIZATION].to_str().unwrap();
        let token = sent.strip_prefix("DPoP ").expect("it is sent as bound");
        let proof = headers.get("dpop").expect("no token without its proof");
        let claims = proof.to_str().unwrap().split('.').nth(1).unwrap();
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let hash = digest(&SHA256, token.as_bytes());
        assert_eq!(
            claims["ath"],
            URL_SAFE_NO_PAD.encode(hash),
            "proof of another token"
        );
        let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
        let seen = [token.to_owned(), text("htm"), text("htu"), text("nonce")];
        let problem = match self.nonce {
            Some(nonce) if seen[3] != nonce => Some("use_dpop_nonce"),
            _ => self
                .refuses
                .filter(|refused| *refused == token)
                .map(|_| "invalid_token"),
        };
        self.seen.lock().push(seen);
        let mut answer = Response::new(());
        if let Some(nonce) = self.nonce {
            answer
                .headers_mut()
                .insert("dpop-nonce", nonce.parse().unwrap());
        }
        if let Some(problem) = problem {
            *answer.status_mut() = StatusCode::UNAUTHORIZED;
            let challenge = format!("DPoP error=\"{problem}\"").parse().unwrap();
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        answer
    }

    fn seen(&self) -> Vec<[String; 4]> {
        std::mem::take(&mut self.seen.lock())
    }
}

impl Transport for Proven {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        let (parts, ()) = self.answer(&request.headers).into_parts();
        let body = RawBody::Full(Default::default());
        Ok(RawResponse::new(parts.status, parts.headers, body))
    }
}

fn client(process: &Process, world: &World, api: &Proven) -> Client {
    let client = Client::standard("http://demo.example/").unwrap();
    let credentials = process.oauth.credentials(&world.key).unwrap();
    client
        .credentials(credentials)
        .transport(api.clone())
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_proof_is_for_the_token_that_was_lent_whatever_became_of_it_since() {
    let world = World::new();
    let process = bound(&world).await;
    let tokens = process.oauth.tokens(&world.key).unwrap();
    let loan = Arc::new(Loan::new(tokens.clone()));
    let credentials = Credentials::lent(loan.clone());
    let mut lent = Vec::new();
    let mut lend = async || {
        let mut headers = http::HeaderMap::new();
        let soon = SystemClock.now() + Duration::from_secs(1);
        let generation = credentials.authorize(&mut headers, soon).await.unwrap();
        lent.push((generation, headers));
    };
    lend().await;
    let _ = tokens.refused(1);
    lend().await;
    process.oauth.disconnect(&world.key).await.unwrap();
    let api = Proven::default();
    let url = Url::parse("http://demo.example/").unwrap();
    for (generation, mut headers) in lent {
        loan.sign(generation, &Method::GET, &url, &mut headers)
            .unwrap();
        assert_eq!(api.answer(&headers).status(), 200);
    }
    let seen: Vec<String> = api.seen().into_iter().map(|[token, ..]| token).collect();
    assert_eq!(seen, ["a1", "a2"]);
    // A token that was lent so long ago that it is not known is not sent.
    let mut headers = http::HeaderMap::new();
    headers.insert(AUTHORIZATION, "DPoP a9".parse().unwrap());
    let unknown = loan.sign(Generation::new(9), &Method::GET, &url, &mut headers);
    assert_eq!(unknown.unwrap_err().delivery(), Delivery::NotSent);
}

#[tokio::test(start_paused = true)]
async fn a_client_takes_a_nonce_and_then_replaces_a_token_in_the_same_call() {
    let world = World::new();
    let process = bound(&world).await;
    let api = Proven {
        nonce: Some("n1"),
        refuses: Some("a1"),
        ..Proven::default()
    };
    let client = client(&process, &world, &api);
    client.post("/x?y=1").send().await.unwrap();
    client.get("/z").send().await.unwrap();
    let proof = |token: &str, method: &str, path: &str, nonce: &str| {
        let url = format!("http://demo.example{path}");
        [token.to_owned(), method.to_owned(), url, nonce.to_owned()]
    };
    let expected = [
        proof("a1", "POST", "/x", ""),
        proof("a1", "POST", "/x", "n1"),
        proof("a2", "POST", "/x", "n1"),
        proof("a2", "GET", "/z", "n1"),
    ];
    assert_eq!(api.seen(), expected);
    assert_eq!(world.server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_layer_takes_a_nonce_and_then_replaces_a_token_in_the_same_call() {
    let world = World::new();
    let process = bound(&world).await;
    let api = Proven {
        nonce: Some("n1"),
        refuses: Some("a1"),
        ..Proven::default()
    };
    let shared = api.clone();
    let layer = BearerLayer::new(process.oauth.tokens(&world.key).unwrap());
    let service = service_fn(move |request: Request<()>| {
        let answer = shared.answer(request.headers());
        async move { Ok::<_, Error>(answer) }
    });
    let service = ServiceBuilder::new().layer(layer).service(service);
    let request = Request::get("http://demo.example/x").body(()).unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
    let tokens: Vec<String> = api.seen().into_iter().map(|[token, ..]| token).collect();
    assert_eq!(tokens, ["a1", "a1", "a2"]);
    assert_eq!(world.server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bound_token_without_its_key_is_not_sent_at_all() {
    let world = World::new();
    let process = world.process();
    let mut set = world.server.login();
    set.token_type = "DPoP".into();
    process.oauth.connect(world.key.clone(), set).await.unwrap();
    let api = Proven::default();
    let sent = client(&process, &world, &api).get("/").send().await;
    assert_eq!(sent.unwrap_err().kind(), ErrorKind::Config);
    let layer = BearerLayer::new(process.oauth.tokens(&world.key).unwrap());
    let service = service_fn(|_: Request<()>| async { panic!("it was sent") });
    let service = ServiceBuilder::new().layer(layer).service(service);
    let request = Request::get("http://demo.example/x").body(()).unwrap();
    let refused: Result<Response<()>, Error> = service.oneshot(request).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Config);
}
