//! Clients that register themselves, and APIs that say who gives tokens for them.

use integration_core::{
    ErrorKind, ExposeSecret as _,
    http::{HeaderMap, HeaderName, HeaderValue},
};
use integration_oauth::{ProtectedResource, Provider, Registered, Registration, Scopes};
use serde_json::{Value, json};

use crate::provider::support::{Server, tokens};

#[tokio::test]
async fn a_client_registers_once_and_is_then_what_the_server_says() {
    const ISSUER: &str = "https://as.example.test";
    let server = Server::default();
    let document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.example.test/authorize",
        "token_endpoint": "https://as.example.test/token",
        "jwks_uri": "https://as.example.test/keys",
        "registration_endpoint": "https://as.example.test/register",
    });
    server.serve(
        "https://as.example.test/.well-known/openid-configuration",
        200,
        &document,
    );
    let unknown = || Provider::discover(ISSUER).http(server.client());
    let answer: Value = json!({
        "client_id": "new", "client_secret": "canary", "client_secret_expires_at": 0,
        "token_endpoint_auth_method": "client_secret_post", "registration_access_token": "canary",
    });
    server.json(201, &answer);
    let registration = Registration::new(["https://app.example.test/cb"])
        .with("client_name", "Demo")
        .with_initial_access_token("IAT");
    let client = unknown().register(&registration).await.unwrap();
    let sent = server.last();
    assert_eq!(sent.header("authorization"), Some("Bearer IAT"));
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(body["client_name"], "Demo");
    assert_eq!(
        body["redirect_uris"],
        json!(["https://app.example.test/cb"])
    );
    assert_eq!(client.secret_expires_at, None);
    assert!(!format!("{client:?} {registration:?}").contains("canary"));
    assert_eq!(
        client.client_secret.as_ref().unwrap().expose_secret(),
        "canary"
    );

    server.json(200, &tokens());
    let provider = unknown().registered(&client).build().unwrap();
    provider.client_credentials(["a"]).await.unwrap();
    assert_eq!(
        server.last().field("client_secret").as_deref(),
        Some("canary")
    );

    server.json(201, &json!({"client_secret": "x"}));
    let error = unknown().register(&registration).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let before = server.sent().len();
    server.answer(503, &[], "");
    assert!(unknown().register(&registration).await.is_err());
    // The document, and the registration once.
    assert_eq!(server.sent().len(), before + 2);
}

/// A client that was registered and kept, which is changed at this address.
fn kept(address: &str) -> Registered {
    let all = json!({
        "client_id": "c", "registration_access_token": "RAT",
        "registration_client_uri": address,
    });
    Registered::restore(all.as_object().unwrap().clone()).unwrap()
}

#[tokio::test]
async fn a_registration_is_read_changed_and_removed_with_its_own_token() {
    let server = Server::default();
    let unknown = || Provider::discover("https://as.example.test").http(server.client());
    let client = kept("https://as.example.test/c");
    // The address and the token that the answer leaves out stay.
    server.json(200, &json!({"client_id": "c", "client_secret": "next"}));
    let read = unknown().registration(&client).await.unwrap();
    let secret = read.client_secret.as_ref().unwrap();
    assert_eq!(secret.expose_secret(), "next");
    assert_eq!(read.all["registration_access_token"], "RAT");
    assert_eq!(server.last().method, "GET");
    assert_eq!(server.last().header("authorization"), Some("Bearer RAT"));

    let answer = json!({"client_id": "c", "registration_access_token": "RAT2"});
    server.json(200, &answer);
    let registration = Registration::new(["https://app.example.test/cb2"]);
    let unknown = unknown();
    let changed = unknown.update_registration(&read, &registration).await;
    let changed = changed.unwrap();
    let sent = server.last();
    assert_eq!(sent.method, "PUT");
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(body["client_id"], "c");
    assert_eq!(
        body["redirect_uris"],
        json!(["https://app.example.test/cb2"])
    );
    assert!(body.get("registration_access_token").is_none());

    server.answer(204, &[], "");
    unknown.unregister(&changed).await.unwrap();
    let sent = server.last();
    assert_eq!((sent.method.as_str(), sent.url.path()), ("DELETE", "/c"));
    assert_eq!(sent.header("authorization"), Some("Bearer RAT2"));
    server.answer(401, &[], "");
    let gone = unknown.registration(&changed).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_registration_is_changed_at_its_own_server_alone() {
    let server = Server::default();
    let unknown = || Provider::discover("https://as.example.test").http(server.client());
    for address in [
        "https://other.example.test/c",
        "https://10.0.0.1/c",
        "http://as.example.test/c",
        "",
    ] {
        let read = unknown().registration(&kept(address)).await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::Config, "{address}");
    }
    assert!(server.sent().is_empty());

    // The address and the token that the answer leaves out stay; another client is refused.
    let client = kept("https://as.example.test/c");
    server.json(200, &json!({"client_id": "c", "client_secret": "next"}));
    let read = unknown().registration(&client).await.unwrap();
    assert_eq!(read.client_secret.as_ref().unwrap().expose_secret(), "next");
    assert_eq!(read.all["registration_access_token"], "RAT");
    assert_eq!(server.last().header("authorization"), Some("Bearer RAT"));
    server.json(200, &json!({"client_id": "d"}));
    let read = unknown().registration(&client).await.unwrap_err();
    assert_eq!(read.kind(), ErrorKind::Decode);
    assert!(Registered::restore(serde_json::Map::new()).is_err());
}

const API: &str = "https://api.example.test/mcp";
const API_SAYS: &str = "https://api.example.test/.well-known/oauth-protected-resource/mcp";

#[tokio::test]
async fn an_api_says_who_gives_tokens_for_it() {
    let server = Server::default();
    let http = server.client();
    let document = json!({
        "resource": API, "authorization_servers": ["https://as.example.test"],
        "scopes_supported": ["b", "a"], "resource_name": "Tools", "new_member": 1,
    });
    server.serve(API_SAYS, 200, &document);
    let api = ProtectedResource::fetch(&http, API).await.unwrap();
    assert_eq!(api.servers, ["https://as.example.test"]);
    assert_eq!(api.scopes, Scopes::from(["a", "b"]));
    assert_eq!(api.all["resource_name"], "Tools");

    // Where its 401 says.
    server.serve("https://api.example.test/about", 200, &document);
    let said = |challenge: &str| {
        let value = HeaderValue::from_str(challenge).unwrap();
        HeaderMap::from_iter([(HeaderName::from_static("www-authenticate"), value)])
    };
    let at = |place: &str| {
        said(&format!(
            "Bearer error=\"x\", resource_metadata=\"{place}\""
        ))
    };
    let told = at("https://api.example.test/about");
    assert!(
        ProtectedResource::fetch_told(&http, API, &told)
            .await
            .is_ok()
    );
    assert_eq!(server.last().url.path(), "/about");
    assert!(
        ProtectedResource::fetch_told(&http, API, &said("Bearer"))
            .await
            .is_ok()
    );
    assert_eq!(server.last().url.as_str(), API_SAYS);
    let before = server.sent().len();
    for place in [
        "https://evil.test/a",
        "https://127.0.0.1/a",
        "http://api.example.test/a",
    ] {
        let refused = ProtectedResource::fetch_told(&http, API, &at(place)).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Config, "{place}");
    }
    assert_eq!(server.sent().len(), before);
}

#[tokio::test]
async fn an_api_that_speaks_for_another_or_of_no_server_is_not_believed() {
    let server = Server::default();
    for (resource, servers, kind) in [
        (
            "https://api.example.test/",
            json!(["https://as.test"]),
            ErrorKind::Decode,
        ),
        (
            "https://api.example.test/mcp/",
            json!(["https://as.test"]),
            ErrorKind::Decode,
        ),
        (API, json!([]), ErrorKind::Decode),
        (API, json!("https://as.test"), ErrorKind::Decode),
        (API, json!(["http://as.test"]), ErrorKind::Config),
        (
            API,
            json!(["https://as.test", "https://169.254.169.254"]),
            ErrorKind::Config,
        ),
    ] {
        let document = json!({"resource": resource, "authorization_servers": servers});
        server.serve(API_SAYS, 200, &document);
        let refused = ProtectedResource::fetch(&server.client(), API).await;
        assert_eq!(refused.unwrap_err().kind(), kind, "{document}");
    }
    let plain = ProtectedResource::fetch(&server.client(), "http://api.example.test/mcp").await;
    assert_eq!(plain.unwrap_err().kind(), ErrorKind::Config);
}
