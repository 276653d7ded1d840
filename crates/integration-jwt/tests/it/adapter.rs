//! The axum extractor and the tower layer, which answer alike.

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
    routing::get,
};
use integration_jwt::{Claims, Validator, axum::Bearer, tower::CheckLayer};
use tower::ServiceExt as _;

use crate::support::{ES, FakeIssuer, JumpClock, access, header, validator};

async fn hello(Bearer(claims): Bearer) -> String {
    claims.subject.unwrap_or_default()
}

async fn behind_the_layer(Extension(claims): Extension<Claims>) -> String {
    claims.subject.unwrap_or_default()
}

/// What both say, which must be the same.
async fn answer(validator: Validator, headers: &[&str]) -> (StatusCode, String, String) {
    let layer = CheckLayer::new(validator.clone());
    let layered = Router::new().route("/", get(behind_the_layer)).layer(layer);
    let extracted = Router::new().route("/", get(hello)).with_state(validator);
    let told = told(layered, headers).await;
    assert_eq!(told, self::told(extracted, headers).await);
    told
}

async fn told(app: Router, headers: &[&str]) -> (StatusCode, String, String) {
    let mut request = Request::get("/");
    for value in headers {
        request = request.header("authorization", *value);
    }
    let response = app
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let body = to_bytes(response.into_body(), 1000).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    (status, challenge.unwrap_or_default(), body)
}

#[tokio::test]
async fn the_handler_gets_the_claims_of_a_good_token() {
    let token = ES.token(&header(&ES, "es"), &access());
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let (status, _, body) = answer(validator(), &[&format!("{scheme} {token}")]).await;
        assert_eq!(
            (status, body.as_str()),
            (StatusCode::OK, "user-1"),
            "{scheme}"
        );
    }
}

#[tokio::test]
async fn a_request_without_one_good_token_gets_401_and_a_challenge() {
    let good = format!("Bearer {}", ES.token(&header(&ES, "es"), &access()));
    for (headers, challenge) in [
        (vec![], "Bearer"),
        (vec!["Basic dTpw"], "Bearer"),
        (vec![good.as_str(), good.as_str()], "Bearer"),
        (vec!["Bearer"], "Bearer"),
        (vec!["Bearer nonsense"], "Bearer error=\"invalid_token\""),
        (vec!["Bearer  a.b.c"], "Bearer error=\"invalid_token\""),
    ] {
        let (status, told, body) = answer(validator(), &headers).await;
        assert_eq!(
            (status, told.as_str()),
            (StatusCode::UNAUTHORIZED, challenge),
            "{headers:?}"
        );
        assert_eq!(body, "");
    }
}

#[tokio::test(start_paused = true)]
async fn without_keys_nobody_is_told_that_the_token_is_bad() {
    let (clock, issuer) = (JumpClock::new(), FakeIssuer::new(&[]));
    issuer.set_down(true);
    let token = format!("Bearer {}", ES.token(&header(&ES, "es"), &access()));
    let (status, challenge, _) = answer(issuer.validator(&clock), &[&token]).await;
    assert_eq!(
        (status, challenge.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "")
    );
}
