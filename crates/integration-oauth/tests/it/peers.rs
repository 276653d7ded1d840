//! Servers that others wrote, and the mock of the testkit, before one and the same client.

use std::{
    env,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use integration_core::{ExposeSecret as _, http::Client};
use integration_jwt::{Algorithm, Claims, SigningKey};
use integration_oauth::{
    Assertion, AuthorizeRequest, CodeExchange, CodeVerifier, OAuthError, Provider, ProviderBuilder,
    TokenSet, Trouble, preset::AuthMethod,
};
use integration_testkit::{
    leaks,
    oauth::{MockAuthServer, MockClient},
};

const RETURN_TO: &str = "http://127.0.0.1:9/callback";

/// A server of another process, which ends with the test.
struct Peer {
    child: Child,
    port: u16,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder that a variable names; without it the test is skipped, and fails where `CI=true`.
fn folder(variable: &str, holds: &str) -> Option<PathBuf> {
    let folder = env::var_os(variable).map(PathBuf::from);
    let folder = folder.filter(|folder| folder.join(holds).exists());
    if folder.is_none() {
        let is_ci = env::var_os("CI").is_some_and(|value| value == "true");
        assert!(!is_ci, "{variable} names no folder that holds {holds}");
        eprintln!("skipped: set {variable} to a folder that holds {holds}");
    }
    folder
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Starts a script of `tests/peers/oidc` and waits until it answers.
async fn start(program: &Path, script: &str, metadata: &str) -> Peer {
    start_with(program, script, metadata, &[]).await
}

async fn start_with(
    program: &Path,
    script: &str,
    metadata: &str,
    variables: &[(&str, &str)],
) -> Peer {
    leaks::begin();
    let port = free_port();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/oidc");
    let child = Command::new(program)
        .arg(scripts.join(script))
        .env("PORT", port.to_string())
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let peer = Peer { child, port };
    let client = Client::builder().build().unwrap();
    let url = format!("http://127.0.0.1:{port}{metadata}");
    for _ in 0..600 {
        if client.get(&url).max_attempts(1).send().await.is_ok() {
            return peer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{script} does not answer");
}

fn client_of(builder: ProviderBuilder, id: &str, secret: &str) -> Provider {
    let builder = builder.client_id(id).client_secret(secret.to_owned());
    builder.redirect_uri(RETURN_TO).build().unwrap()
}

/// Logs in without a browser: these servers approve at once.
async fn log_in(provider: &Provider, scopes: &[&str]) -> TokenSet {
    let verifier = CodeVerifier::generate().unwrap();
    let request = AuthorizeRequest::new("state-1")
        .with_challenge(verifier.challenge())
        .with_nonce("nonce-1")
        .with_scopes(
            scopes
                .iter()
                .copied()
                .collect::<integration_oauth::Scopes>(),
        );
    let url = provider.authorize_url(&request).await.unwrap();
    let browser = Client::builder().build().unwrap();
    let answer = browser.get(url.as_str()).any_status().send().await.unwrap();
    let location = answer.headers()["location"].to_str().unwrap();
    let back = url::Url::parse(location).unwrap();
    assert!(back.as_str().starts_with(RETURN_TO), "{back}");
    let field = |name: &str| {
        let mut pairs = back.query_pairs();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    assert_eq!(field("state").as_deref(), Some("state-1"));
    let code = CodeExchange::new(field("code").unwrap()).with_verifier(verifier.secret().clone());
    provider.exchange_code(&code).await.unwrap()
}

/// A refresh, what the server says of its token, and the end of it.
async fn live_and_die(provider: &Provider, held: &TokenSet) -> TokenSet {
    let next = provider.refresh(held).await.unwrap();
    assert!(next.refresh_token.is_some());
    let said = provider.introspect(&next.access_token).await.unwrap();
    assert!(said.is_active);
    provider.revoke(&next).await.unwrap();
    next
}

#[tokio::test]
async fn the_mock_of_the_testkit_agrees_with_this_client() {
    let server = MockAuthServer::start().await.unwrap();
    let secret = server.client_secret();
    let builder = Provider::discover(server.issuer());
    let provider = client_of(builder, MockAuthServer::CLIENT_ID, secret.expose_secret());
    let held = log_in(&provider, &["openid", "calendar"]).await;
    let id_token = held.id_token.as_ref().unwrap().expose_secret();
    let validator = provider.id_tokens().await.unwrap();
    let claims: Claims = validator.check(id_token).await.unwrap();
    assert_eq!(claims.subject.as_deref(), Some("user-1"));
    let who = provider.userinfo(&held).await.unwrap();
    assert_eq!(who["sub"], "user-1");
    let next = live_and_die(&provider, &held).await;
    assert!(!server.is_live(next.refresh_token.unwrap().expose_secret()));
    let gone = provider.refresh(&held).await.unwrap_err();
    assert_eq!(Trouble::of(&gone), Trouble::Terminal);
    assert_eq!(server.calls("refresh_token"), 2);
}

#[tokio::test]
async fn the_mock_takes_every_way_in_which_a_client_proves_itself() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let signed = MockClient::new("signed").key(key.public_jwk().unwrap().into());
    let server = MockAuthServer::builder().client(signed).require_par();
    let server = server.start().await.unwrap();
    let secret = server.client_secret();
    for method in [
        AuthMethod::Basic,
        AuthMethod::Post,
        AuthMethod::ClientSecretJwt,
    ] {
        let builder = Provider::discover(server.issuer()).auth(method);
        let provider = client_of(builder, MockAuthServer::CLIENT_ID, secret.expose_secret());
        log_in(&provider, &["a"]).await;
    }
    let builder = Provider::discover(server.issuer())
        .client_id("signed")
        .private_key(key);
    let provider = builder.redirect_uri(RETURN_TO).build().unwrap();
    log_in(&provider, &["a"]).await;
    assert_eq!(server.calls("/par"), 4, "each request was pushed");
    let builder = Provider::discover(server.issuer());
    let wrong = client_of(builder, MockAuthServer::CLIENT_ID, "another");
    let error = wrong.client_credentials(["a"]).await.unwrap_err();
    assert_eq!(
        error.provider::<OAuthError>().unwrap().code,
        "invalid_client"
    );
    assert_eq!(Trouble::of(&error), Trouble::Config);
}

#[tokio::test]
async fn oauth2_mock_server_agrees() {
    let package = "node_modules/oauth2-mock-server";
    if folder("INTEGRATION_PEERS_NODE", package).is_none() {
        return;
    }
    let metadata = "/.well-known/openid-configuration";
    let peer = start(Path::new("node"), "mock.mjs", metadata).await;
    let issuer = format!("http://localhost:{}", peer.port);
    let provider = client_of(Provider::discover(issuer), "app", "any");
    let held = log_in(&provider, &["openid", "calendar"]).await;
    let id_token = held.id_token.as_ref().unwrap().expose_secret();
    let validator = provider.id_tokens().await.unwrap();
    let claims: Claims = validator.check(id_token).await.unwrap();
    assert!(claims.subject.is_some());
    live_and_die(&provider, &held).await;
    let own = provider.client_credentials(["a"]).await.unwrap();
    assert!(own.refresh_token.is_none());
}

#[tokio::test]
async fn authlib_agrees() {
    let Some(python) = folder("INTEGRATION_PEERS_PYTHON", "bin/python") else {
        return;
    };
    let metadata = "/.well-known/oauth-authorization-server";
    let peer = start(&python.join("bin/python"), "authlib_as.py", metadata).await;
    let issuer = format!("http://127.0.0.1:{}", peer.port);
    let web = client_of(Provider::discover(&issuer), "web", "web-secret");
    let held = log_in(&web, &["calendar"]).await;
    let next = live_and_die(&web, &held).await;
    let spent_token = held.access_token.expose_secret();
    assert_ne!(next.access_token.expose_secret(), spent_token);
    for spent in [&held, &next] {
        let gone = web.refresh(spent).await.unwrap_err();
        assert_eq!(gone.provider::<OAuthError>().unwrap().code, "invalid_grant");
        assert_eq!(Trouble::of(&gone), Trouble::Terminal);
    }
    let builder = Provider::discover(&issuer).auth(AuthMethod::Post);
    let service = client_of(builder, "svc", "svc-secret");
    let own = service.client_credentials(["a"]).await.unwrap();
    assert!(own.refresh_token.is_none());
}

#[tokio::test]
async fn authlib_takes_an_assertion_that_is_ours_and_no_other() {
    let Some(python) = folder("INTEGRATION_PEERS_PYTHON", "bin/python") else {
        return;
    };
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let public = serde_json::to_string(&key.public_jwk().unwrap()).unwrap();
    let metadata = "/.well-known/oauth-authorization-server";
    let variables = [("ROBOT_KEY", &*public)];
    let program = python.join("bin/python");
    let peer = start_with(&program, "authlib_as.py", metadata, &variables).await;
    let issuer = format!("http://127.0.0.1:{}", peer.port);
    let audience = format!("{issuer}/token");
    let robot = Provider::discover(&issuer)
        .client_id("robot")
        .build()
        .unwrap();
    let ours = |key: &SigningKey| Assertion::new(key.clone(), "robot", &audience).subject("bob");
    let tokens = robot.jwt_bearer(&ours(&key)).await.unwrap();
    assert!(tokens.refresh_token.is_none());
    let web = client_of(Provider::discover(&issuer), "web", "web-secret");
    let said = web.introspect(&tokens.access_token).await.unwrap();
    assert_eq!(said.subject.as_deref(), Some("bob"));
    assert_eq!(said.client_id.as_deref(), Some("robot"));

    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let elsewhere = Assertion::new(key.clone(), "robot", "https://as.example.test/token");
    let nobody = Assertion::new(key.clone(), "nobody", &audience);
    let rows = [
        ("key", ours(&other)),
        ("audience", elsewhere.subject("bob")),
        ("issuer", nobody.subject("bob")),
        ("subject", ours(&key).subject("mallory")),
    ];
    for (what, refused) in rows {
        let error = robot.jwt_bearer(&refused).await.unwrap_err();
        let said = &error.provider::<OAuthError>().expect(what).code;
        assert_eq!(said, "invalid_grant", "{what}");
    }
    // What somebody else signed for us is sent as it is.
    let junk = robot
        .jwt_bearer_signed(&"no.assertion.at-all".into(), ["a"])
        .await;
    assert_eq!(
        junk.unwrap_err().provider::<OAuthError>().unwrap().code,
        "invalid_grant"
    );
}
