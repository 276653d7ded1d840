//! The address that the browser goes to.

use std::collections::BTreeMap;

use integration_core::ErrorKind;
use integration_oauth::{
    AuthorizeRequest, CodeExchange, CodeVerifier, OAuth, Provider, connection::ConnectionKey,
    manager::Tokens, preset::Pkce,
};
use serde_json::json;
use url::Url;

use crate::provider::support::{FixedClock, Server, builder, preset, provider, tokens};

const ISSUER: &str = "https://as.example.test";
const DOCUMENT: &str = "https://as.example.test/.well-known/openid-configuration";

fn request() -> AuthorizeRequest {
    let verifier = CodeVerifier::generate().unwrap();
    AuthorizeRequest::new("ST").with_challenge(verifier.challenge())
}

fn query(url: &Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// A server that describes itself, with these further members.
fn discovered(server: &Server, members: &serde_json::Value) -> Provider {
    let mut document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.example.test/authorize",
        "token_endpoint": "https://as.example.test/token",
        "jwks_uri": "https://as.example.test/keys",
    });
    let more = members.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(more);
    server.serve(DOCUMENT, 200, &document);
    Provider::discover(ISSUER)
        .client_id("app")
        .client_secret("s")
        .redirect_uri("https://app.example.test/cb")
        .http(server.client())
        .clock(std::sync::Arc::new(FixedClock))
        .build()
        .unwrap()
}

#[tokio::test]
async fn it_holds_what_was_asked_for_and_what_the_preset_adds() {
    let server = Server::default();
    let mut preset = preset();
    preset.authorize = Some("https://as.example.test/authorize?v=2".to_owned());
    preset
        .authorize_params
        .insert("access_type".to_owned(), "offline".to_owned());
    preset
        .authorize_params
        .insert("prompt".to_owned(), "none".to_owned());
    let provider = builder(&server, preset).build().unwrap();
    let request = request()
        .with_scopes(["b", "a"])
        .with_nonce("N")
        .with_dpop_jkt("J")
        .with_param("prompt", "consent")
        .with_resource("https://r1")
        .with_resource("https://r2");
    let url = provider.authorize_url(&request).await.unwrap();
    assert!(
        url.as_str()
            .starts_with("https://as.example.test/authorize?v=2&")
    );
    let query = query(&url);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", "https://app.example.test/cb"),
        ("state", "ST"),
        ("nonce", "N"),
        ("scope", "a b"),
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("dpop_jkt", "J"),
        ("code_challenge_method", "S256"),
        ("code_challenge", request.challenge.as_deref().unwrap()),
    ] {
        assert_eq!(query[name], value, "{name}");
    }
    let resources = url.query_pairs().filter(|(name, _)| name == "resource");
    assert_eq!(resources.count(), 2);
    assert!(server.sent().is_empty());
}

/// Clients stand in a struct of a user as they are.
struct App {
    provider: Provider,
    oauth: OAuth,
    tokens: Option<Tokens>,
}

#[tokio::test]
async fn clients_stand_in_a_struct_without_type_parameters() {
    fn is_shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let provider = provider(&Server::default());
    let oauth = OAuth::builder().provider(provider.clone());
    let oauth = oauth.in_memory().unwrap().build().unwrap();
    let key = ConnectionKey::new("acme", "demo", "1").unwrap();
    let tokens = oauth.tokens(&key).ok();
    let app = App {
        provider,
        oauth,
        tokens,
    };
    is_shared(&app.provider);
    is_shared(&app.oauth);
    is_shared(&app.tokens);
    assert_eq!(app.provider.name(), "demo");
    assert!(app.tokens.is_some());
}

#[tokio::test]
async fn rights_in_detail_are_asked_for_and_what_was_granted_is_kept() {
    let server = Server::default();
    let provider = provider(&server);
    let wanted = json!([{"type": "payment", "actions": ["read"], "amount": "1.00"}]);
    let request = request().with_param("authorization_details", wanted.to_string());
    let url = provider.authorize_url(&request).await.unwrap();
    assert_eq!(query(&url)["authorization_details"], wanted.to_string());

    let granted = json!([{"type": "payment", "actions": ["read"]}]);
    let mut answer = tokens();
    answer["authorization_details"] = granted.clone();
    server.json(200, &answer);
    let code = CodeExchange::new("C").with_verifier("V".repeat(43));
    let set = provider.exchange_code(&code).await.unwrap();
    assert_eq!(set.extra["authorization_details"], granted);
    server.json(200, &tokens());
    let next = provider.refresh(&set).await.unwrap();
    assert_eq!(next.extra["authorization_details"], granted);
}

#[tokio::test]
async fn a_login_without_state_challenge_or_redirect_address_does_not_begin() {
    let server = Server::default();
    let refused = async |provider: &Provider, request: AuthorizeRequest| {
        let error = provider.authorize_url(&request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    };
    let provider = provider(&server);
    let mut stateless = request();
    stateless.state.clear();
    refused(&provider, stateless).await;
    refused(&provider, AuthorizeRequest::new("ST")).await;
    for name in [
        "state",
        "redirect_uri",
        "client_id",
        "code_challenge_method",
        "request_uri",
        "scope",
    ] {
        refused(&provider, request().with_param(name, "x")).await;
    }
    refused(
        &provider,
        request().with_param("login_hint", "x".repeat(9000)),
    )
    .await;
    let without = Provider::builder(preset())
        .client_id("app")
        .http(server.client())
        .build()
        .unwrap();
    refused(&without, request()).await;
    let mut plain = preset();
    plain.pkce = Pkce::Off;
    let plain = builder(&server, plain).build().unwrap();
    let url = plain
        .authorize_url(&AuthorizeRequest::new("ST"))
        .await
        .unwrap();
    assert!(!query(&url).contains_key("code_challenge"));
}

#[tokio::test]
async fn a_server_that_lists_methods_of_pkce_without_s256_is_refused() {
    for (methods, is_good) in [
        (
            json!({"code_challenge_methods_supported": ["plain"]}),
            false,
        ),
        (json!({"code_challenge_methods_supported": []}), false),
        (
            json!({"code_challenge_methods_supported": ["plain", "S256"]}),
            true,
        ),
        (json!({}), true),
    ] {
        let server = Server::default();
        let provider = discovered(&server, &methods);
        let url = provider.authorize_url(&request()).await;
        assert_eq!(url.is_ok(), is_good, "{methods}");
        if let Err(error) = url {
            assert!(error.message().contains("S256"));
        }
    }
}

#[tokio::test]
async fn a_server_that_lists_no_method_of_pkce_is_refused_where_it_has_to() {
    for (methods, is_fit) in [
        (json!({"code_challenge_methods_supported": ["S256"]}), true),
        (json!({"code_challenge_methods_supported": []}), false),
        (json!({}), false),
    ] {
        let server = Server::default();
        let told = discovered(&server, &methods);
        let mut preset = told.preset_data().clone();
        preset.pkce = Pkce::Listed;
        let strict = builder(&server, preset).build().unwrap();
        let url = strict.authorize_url(&request()).await;
        assert_eq!(url.is_ok(), is_fit, "{methods}");
    }
}

#[tokio::test]
async fn a_server_that_offers_it_gets_the_request_pushed_and_the_browser_a_reference() {
    const PAR: &str = "https://as.example.test/par";
    let server = Server::default();
    let provider = discovered(
        &server,
        &json!({"pushed_authorization_request_endpoint": PAR}),
    );
    server.json(
        201,
        &json!({"request_uri": "urn:example:1", "expires_in": 60}),
    );
    let url = provider
        .authorize_url(&request().with_nonce("N"))
        .await
        .unwrap();
    let wanted = [("client_id", "app"), ("request_uri", "urn:example:1")];
    let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(query(&url), BTreeMap::from(wanted));
    let pushed = server.last();
    assert_eq!(pushed.url.as_str(), PAR);
    assert_eq!(pushed.field("state").as_deref(), Some("ST"));
    assert_eq!(pushed.field("nonce").as_deref(), Some("N"));
    assert_eq!(pushed.field("client_id").as_deref(), Some("app"));
    assert!(
        pushed
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );

    server.json(400, &json!({"error": "invalid_request"}));
    assert!(provider.authorize_url(&request()).await.is_err());
    server.json(201, &json!({"expires_in": 60}));
    let error = provider.authorize_url(&request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_server_that_wants_requests_pushed_and_says_not_where_is_refused() {
    let server = Server::default();
    let provider = discovered(
        &server,
        &json!({"require_pushed_authorization_requests": true}),
    );
    let error = provider.authorize_url(&request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn fields_have_the_names_that_a_preset_gives_them() {
    let server = Server::default();
    let mut preset = preset();
    preset.client_id_param = Some("client_key".to_owned());
    preset.scope_param = Some("user_scope".to_owned());
    let provider = builder(&server, preset).build().unwrap();
    let url = provider
        .authorize_url(&request().with_scopes(["a"]))
        .await
        .unwrap();
    let query = query(&url);
    assert_eq!(
        (query["client_key"].as_str(), query["user_scope"].as_str()),
        ("app", "a")
    );
    assert!(!query.contains_key("client_id") && !query.contains_key("scope"));
    server.json(200, &crate::provider::support::tokens());
    provider.client_credentials(["a"]).await.unwrap();
    let sent = server.last();
    assert_eq!(sent.field("client_key").as_deref(), Some("app"));
    assert_eq!(sent.field("scope").as_deref(), Some("a"));
    assert_eq!(sent.field("client_id"), None);
}

#[cfg(feature = "presets")]
#[tokio::test]
async fn a_preset_is_found_by_its_name() {
    let provider = Provider::preset("github")
        .unwrap()
        .client_id("app")
        .client_secret("s");
    assert_eq!(provider.build().unwrap().name(), "github");
    assert!(
        Provider::preset("githup")
            .unwrap_err()
            .to_string()
            .contains("github")
    );
}
