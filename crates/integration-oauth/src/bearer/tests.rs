//! Tokens on requests, from the first to the one that replaces it.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use http::{
    Request, Response, StatusCode,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use integration_core::{
    Error,
    http::{AttemptRequest, Client, RawBody, RawResponse, Transport, TransportError},
};
use integration_jwt::{Algorithm, SigningKey};
use parking_lot::Mutex;
use tower::{Service as _, ServiceBuilder, ServiceExt as _, service_fn};

use super::BearerLayer;
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
