//! The mock authorization server does what it says, as seen by a plain HTTP client.

use std::time::Duration;

use integration_core::{ExposeSecret as _, http::Client};
use integration_testkit::{
    ManualClock,
    oauth::{AuthFault, Callback, MockAuthServer, MockClient, Quirk, Rotation},
};
use serde_json::{Value, json};

const NOW: Duration = Duration::from_secs(1_800_000_000);
const RETURN_TO: &str = "http://127.0.0.1:9/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn client() -> Client {
    Client::builder().build().unwrap()
}

async fn post(server: &MockAuthServer, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let secret = server.client_secret();
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    if !fields.iter().any(|(name, _)| name.starts_with("client_")) {
        form.append_pair("client_id", MockAuthServer::CLIENT_ID);
        form.append_pair("client_secret", secret.expose_secret());
    }
    let call = client()
        .post(&server.url(path))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.finish())
        .max_attempts(1)
        .any_status();
    let answer = call.send().await.unwrap();
    let body = serde_json::from_slice(answer.body()).unwrap_or_default();
    (answer.status().as_u16(), body)
}

async fn refresh(server: &MockAuthServer, token: &str) -> (u16, Value) {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    post(server, "/token", &fields).await
}

fn login_url(server: &MockAuthServer, more: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([
        ("client_id", MockAuthServer::CLIENT_ID),
        ("response_type", "code"),
        ("redirect_uri", RETURN_TO),
        ("scope", "openid calendar"),
        ("state", "s-1"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    query.extend_pairs(more);
    format!("{}?{}", server.url("/authorize"), query.finish())
}

async fn redeem(server: &MockAuthServer, back: &Callback, verifier: &str) -> (u16, Value) {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", back.field("code")),
        ("redirect_uri", RETURN_TO),
        ("code_verifier", verifier),
    ];
    post(server, "/token", &fields).await
}

fn claims(token: &Value) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_only_by_whom_began_the_login() {
    let server = MockAuthServer::start().await.unwrap();
    let back = server.log_in(&login_url(&server, &[])).await.unwrap();
    assert!(back.url.starts_with(RETURN_TO) && !back.is_post);
    assert_eq!(back.field("state"), "s-1");
    assert_eq!(back.field("iss"), server.issuer());

    let (status, error) = redeem(&server, &back, "another verifier").await;
    assert_eq!((status, &error["error"]), (400, &json!("invalid_grant")));
    let (status, tokens) = redeem(&server, &back, VERIFIER).await;
    assert_eq!((status, &tokens["scope"]), (200, &json!("openid calendar")));
    let id = claims(&tokens["id_token"]);
    assert_eq!((&id["nonce"], &id["aud"]), (&json!("n-1"), &json!("app")));
    let held = tokens["refresh_token"].as_str().unwrap();
    assert!(server.is_live(held));

    assert_eq!(redeem(&server, &back, VERIFIER).await.0, 400);
    assert!(
        !server.is_live(held),
        "a code used twice revokes what came of it"
    );
}

#[tokio::test]
async fn a_login_is_denied_and_posted_when_the_test_says_so() {
    let server = MockAuthServer::start().await.unwrap();
    server.deny_next_login("access_denied");
    let url = login_url(&server, &[("response_mode", "form_post")]);
    let back = server.log_in(&url).await.unwrap();
    assert!(back.is_post && back.url == RETURN_TO);
    assert_eq!(back.field("error"), "access_denied");
    assert!(!server.log_in(&url).await.unwrap().field("code").is_empty());
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let web = MockClient::new("web").redirect_uri("https://app.example.test/callback");
    let server = MockAuthServer::builder().client(web).start().await.unwrap();
    let url = login_url(&server, &[]).replace("client_id=app", "client_id=web");
    let error = server.log_in(&url).await.unwrap_err();
    assert!(error.to_string().contains("not registered"), "{error}");
}

#[tokio::test]
async fn without_pkce_a_login_fails_unless_it_is_not_wanted() {
    for (builder, wanted) in [
        (MockAuthServer::builder(), "error=invalid_request"),
        (MockAuthServer::builder().without_pkce(), "code="),
    ] {
        let server = builder.start().await.unwrap();
        let url = login_url(&server, &[]).replace("code_challenge", "x");
        let back = server.log_in(&url).await.unwrap();
        assert!(back.url.contains(wanted), "{}", back.url);
    }
}

#[tokio::test]
async fn a_pushed_request_is_used_once() {
    let server = MockAuthServer::builder()
        .require_par()
        .start()
        .await
        .unwrap();
    let refused = server.log_in(&login_url(&server, &[])).await;
    assert!(refused.unwrap_err().to_string().contains("not pushed"));
    let fields = [
        ("response_type", "code"),
        ("redirect_uri", RETURN_TO),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let (status, pushed) = post(&server, "/par", &fields).await;
    assert_eq!(status, 201);
    let url = format!(
        "{}?client_id=app&request_uri={}",
        server.url("/authorize"),
        pushed["request_uri"].as_str().unwrap()
    );
    let back = server.log_in(&url).await.unwrap();
    assert_eq!(redeem(&server, &back, VERIFIER).await.0, 200);
    server.log_in(&url).await.unwrap_err();
}

#[tokio::test]
async fn a_refresh_token_used_twice_revokes_the_login() {
    let server = MockAuthServer::start().await.unwrap();
    let held = server.tokens_for("bob", &["a"]).unwrap();
    let (status, next) = refresh(&server, &held.refresh_token).await;
    assert_eq!(status, 200);
    let next = next["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(server.last_refresh_token().as_ref(), Some(&next));
    assert!(server.revoked_families().is_empty() && server.generations(0) == 2);

    let (status, error) = refresh(&server, &held.refresh_token).await;
    assert_eq!((status, &error["error"]), (400, &json!("invalid_grant")));
    assert_eq!(server.revoked_families(), [0]);
    assert_eq!(refresh(&server, &next).await.0, 400);
    assert_eq!(
        (server.calls("/token"), server.calls("refresh_token")),
        (3, 3)
    );
}

#[tokio::test]
async fn rotation_can_be_lenient_windowed_or_off() {
    let clock = ManualClock::at(NOW);
    let window = MockAuthServer::builder().reuse_window(Duration::from_secs(10));
    let server = window.clock(clock.shared()).start().await.unwrap();
    let held = server.tokens_for("bob", &[]).unwrap();
    for (seconds, wanted) in [(0, 200), (9, 200), (1, 400)] {
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(refresh(&server, &held.refresh_token).await.0, wanted);
    }
    assert_eq!(server.revoked_families(), [0]);

    let off = MockAuthServer::builder().rotation(Rotation::Off);
    let server = off.start().await.unwrap();
    let held = server.tokens_for("bob", &[]).unwrap();
    for _ in 0..3 {
        let (status, answer) = refresh(&server, &held.refresh_token).await;
        assert_eq!((status, answer.get("refresh_token")), (200, None));
    }
}

#[tokio::test]
async fn what_was_executed_before_the_answer_was_lost_stays_executed() {
    let server = MockAuthServer::start().await.unwrap();
    let held = server.tokens_for("bob", &[]).unwrap();
    server.inject("/token", [AuthFault::drop_after()]);
    let lost = client()
        .post(&server.url("/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!(
            "grant_type=refresh_token&refresh_token={}&client_id=app&client_secret={}",
            held.refresh_token,
            form_urlencoded::byte_serialize(server.client_secret().expose_secret().as_bytes())
                .collect::<String>()
        ));
    lost.max_attempts(1).send().await.unwrap_err();
    assert_eq!(server.generations(0), 2, "the server has rotated");
    assert!(!server.is_live(&held.refresh_token));
    assert_eq!(refresh(&server, &held.refresh_token).await.0, 400);
}

#[tokio::test]
async fn faults_before_leave_the_token_as_it_was() {
    let server = MockAuthServer::start().await.unwrap();
    let held = server.tokens_for("bob", &[]).unwrap();
    let faults = [
        (AuthFault::status(503), 503),
        (AuthFault::throttled(7), 429),
        (AuthFault::html(), 200),
        (AuthFault::oauth(401, "invalid_client"), 401),
    ];
    for (fault, status) in faults {
        server.inject("/token", [fault]);
        assert_eq!(refresh(&server, &held.refresh_token).await.0, status);
    }
    server.break_down("/token", AuthFault::status(500));
    for _ in 0..3 {
        assert_eq!(refresh(&server, &held.refresh_token).await.0, 500);
    }
    server.heal();
    assert_eq!(
        server.calls("refresh_token"),
        0,
        "none of them was executed"
    );
    assert_eq!(refresh(&server, &held.refresh_token).await.0, 200);
}

#[tokio::test]
async fn a_late_answer_was_executed_at_once() {
    let server = MockAuthServer::start().await.unwrap();
    let held = server.tokens_for("bob", &[]).unwrap();
    server.inject("/token", [AuthFault::late(Duration::from_millis(200))]);
    let call = refresh(&server, &held.refresh_token);
    let (answer, ()) = tokio::join!(call, async {
        server.server().wait_for(1).await;
        assert_eq!(server.generations(0), 2);
    });
    assert_eq!(answer.0, 200);
}

#[tokio::test]
async fn every_quirk_changes_the_answer_and_none_the_tokens() {
    let server = MockAuthServer::start().await.unwrap();
    let plain = server.tokens_for("bob", &["a", "b"]).unwrap();
    for quirk in Quirk::HARMLESS.into_iter().chain(Quirk::HARMFUL) {
        let held = server.tokens_for("bob", &["a", "b"]).unwrap();
        server.inject("/token", [AuthFault::quirk(quirk)]);
        let call = client()
            .post(&server.url("/token"))
            .header("content-type", "application/json")
            .body(
                json!({
                    "grant_type": "refresh_token",
                    "refresh_token": held.refresh_token,
                    "client_id": "app",
                    "client_secret": server.client_secret().expose_secret(),
                })
                .to_string(),
            );
        let Ok(answer) = call.max_attempts(1).any_status().send().await else {
            assert_eq!(quirk, Quirk::Huge, "a client may refuse so much");
            continue;
        };
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let fields = |value: &Value| -> Vec<(String, u8)> {
            let object = value.as_object().cloned().unwrap_or_default();
            let kind = |value: &Value| match value {
                Value::String(text) if text.contains(',') => 1,
                Value::String(text) if text.is_empty() || text.contains('\n') => 2,
                Value::String(text) if text == "bearer" => 3,
                Value::String(_) => 4,
                Value::Number(n) if n.as_u64() > Some(100_000) => 5,
                Value::Number(_) => 6,
                _ => 7,
            };
            object.iter().map(|(k, v)| (k.clone(), kind(v))).collect()
        };
        let is_plain = answer.status() == 200
            && answer
                .headers()
                .get("content-type")
                .is_some_and(|t| t == "application/json")
            && fields(&body) == fields(&plain.answer);
        assert!(!is_plain, "{quirk:?} changes nothing: {body}");
        let rotated = server.last_refresh_token().unwrap();
        assert_ne!(rotated, held.refresh_token, "{quirk:?} was executed");
    }
}

#[tokio::test]
async fn tokens_expire_by_the_clock_of_the_server() {
    let clock = ManualClock::at(NOW);
    let server = MockAuthServer::builder().clock(clock.shared());
    let server = server.start().await.unwrap();
    let held = server.tokens_for("bob", &["openid"]).unwrap();
    let ask = |path: &str| {
        let call = client().get(&server.url(path)).any_status();
        let call = call.header("authorization", format!("Bearer {}", held.access_token));
        async move { call.send().await.unwrap() }
    };
    assert_eq!(
        ask("/userinfo").await.json::<Value>().unwrap()["sub"],
        "bob"
    );
    clock.set(held.expires_at - Duration::from_secs(1));
    assert_eq!(ask("/resource").await.status(), 200);
    server.set_clock_ahead(1);
    let refused = ask("/resource").await;
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
}

#[tokio::test]
async fn introspection_and_revocation_agree() {
    let server = MockAuthServer::start().await.unwrap();
    let held = server.tokens_for("bob", &["a"]).unwrap();
    for token in [&held.access_token, &held.refresh_token] {
        let (_, said) = post(&server, "/introspect", &[("token", token)]).await;
        assert_eq!(
            (&said["active"], &said["sub"]),
            (&json!(true), &json!("bob"))
        );
    }
    let revoked = [("token", held.refresh_token.as_str())];
    assert_eq!(post(&server, "/revoke", &revoked).await.0, 200);
    for token in [&held.access_token, &held.refresh_token] {
        let (_, said) = post(&server, "/introspect", &[("token", token)]).await;
        assert_eq!(said, json!({"active": false}));
    }
    assert_eq!(
        post(&server, "/revoke", &[("token", "unknown")]).await.0,
        200
    );
}

#[tokio::test]
async fn a_device_waits_slows_down_and_is_approved() {
    let clock = ManualClock::at(NOW);
    let server = MockAuthServer::builder().clock(clock.shared());
    let server = server.start().await.unwrap();
    let (_, begun) = post(&server, "/device_authorization", &[("scope", "a")]).await;
    let poll = || async {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", begun["device_code"].as_str().unwrap()),
        ];
        post(&server, "/token", &fields).await
    };
    assert_eq!(poll().await.1["error"], "authorization_pending");
    assert_eq!(poll().await.1["error"], "slow_down");
    assert!(server.decide_device(begun["user_code"].as_str().unwrap(), true));
    clock.advance(Duration::from_secs(6));
    assert_eq!(poll().await.0, 200);
    assert_eq!(poll().await.1["error"], "invalid_grant");
    assert!(!server.decide_device("unknown", true));
}

#[tokio::test]
async fn a_client_is_registered_and_can_use_its_secret() {
    let server = MockAuthServer::start().await.unwrap();
    let metadata = json!({"redirect_uris": [RETURN_TO], "client_name": "a test"});
    let call = client()
        .post(&server.url("/register"))
        .header("content-type", "application/json")
        .body(metadata.to_string());
    let registered: Value = call.send().await.unwrap().json().unwrap();
    assert_eq!(registered["client_name"], "a test");
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", registered["client_id"].as_str().unwrap()),
        (
            "client_secret",
            registered["client_secret"].as_str().unwrap(),
        ),
    ];
    let (status, tokens) = post(&server, "/token", &fields).await;
    assert_eq!((status, tokens.get("refresh_token")), (200, None));
    let wrong = [fields[0], fields[1], ("client_secret", "another")];
    let (status, error) = post(&server, "/token", &wrong).await;
    assert_eq!((status, &error["error"]), (401, &json!("invalid_client")));
}

#[tokio::test]
async fn keys_rotate_with_or_without_the_old_ones() {
    let server = MockAuthServer::start().await.unwrap();
    let kids = || async {
        let set = client().get(&server.url("/jwks")).send().await.unwrap();
        let set: Value = set.json().unwrap();
        let keys = set["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let first = kids().await;
    server.rotate_keys(true).unwrap();
    let both = kids().await;
    assert_eq!((first.len(), both.len(), &both[0]), (1, 2, &first[0]));
    server.rotate_keys(false).unwrap();
    let last = kids().await;
    assert!(last.len() == 1 && !both.contains(&last[0]));
}

#[tokio::test]
async fn a_token_is_traded_and_a_logout_ends_its_session() {
    let server = MockAuthServer::start().await.unwrap();
    let held = server.tokens_for("bob", &["openid"]).unwrap();
    let fields = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token", held.access_token.as_str()),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("audience", "https://other.example.test"),
    ];
    let (_, traded) = post(&server, "/token", &fields).await;
    let said = claims(&traded["access_token"]);
    assert_eq!(said["aud"], "https://other.example.test");
    assert_eq!(said["sub"], "bob");

    let id_token = held.id_token.unwrap();
    let sid = claims(&json!(id_token))["sid"].as_str().unwrap().to_owned();
    let url = format!(
        "{}?id_token_hint={id_token}&post_logout_redirect_uri={RETURN_TO}&state=out",
        server.url("/end_session")
    );
    assert_eq!(server.log_in(&url).await.unwrap().field("state"), "out");
    assert!(!server.is_live(&held.refresh_token));
    let token = server.logout_token("app", None, Some(&sid)).unwrap();
    let said = claims(&json!(token));
    assert_eq!((&said["sid"], said.get("nonce")), (&json!(sid), None));
}
