//! Calls of an API with tokens that are bound to a key, from the login to the refresh.
//!
//! The API is the userinfo endpoint of the server, which judges proofs itself: method, address, token,
//! nonce, and that none comes twice.

use integration_core::{
    Clock as _, Error, ExposeSecret as _, SystemClock,
    http::{Client, Method},
};
use integration_e2e::oidc::{APP, OidcServer};
use integration_jwt::{Algorithm, SigningKey};
use integration_oauth::{
    OAuth, SecretString,
    bearer::BearerLayer,
    connection::ConnectionKey,
    dpop::{self, DpopProof},
    login::Callback,
};
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt as _};
use url::Url;

use super::{builder, http};

struct Rig {
    server: OidcServer,
    oauth: OAuth,
    key: ConnectionKey,
}

/// A login through the manager at a server that wants its nonce in every proof.
async fn rig() -> Option<Rig> {
    let server = OidcServer::start_with(&[("DPOP_NONCE", "1")]).await?;
    let provider = builder(&server, "web-dpop").client_secret("dpop-secret");
    let provider = provider.dpop(Algorithm::Es256).build().unwrap();
    let oauth = OAuth::builder().in_memory().unwrap().provider(provider);
    let oauth = oauth.build().unwrap();
    let login = oauth.login("op").scopes(["openid", "offline_access"]);
    let begun = login.param("prompt", "consent").begin().await.unwrap();
    let stop = format!("{APP}/cb");
    let landing = server.browse(begun.url.as_str(), &stop).await;
    let set = begun.cookie.as_ref().unwrap().set_cookie();
    let (_, query) = landing.url.split_once('?').unwrap();
    let callback = Callback::query(query).unwrap();
    let callback = callback.cookies(set.split(';').next().unwrap());
    let done = oauth.finish(callback).await.unwrap();
    server.reset().await;
    Some(Rig {
        server,
        oauth,
        key: done.connection.key,
    })
}

impl Rig {
    fn client(&self) -> Client {
        let client = Client::standard(self.server.issuer()).unwrap();
        let credentials = self.oauth.credentials(&self.key).unwrap();
        client.credentials(credentials).build().unwrap()
    }

    /// Has the API say once that the token is worth nothing.
    async fn blame_the_token(&self) {
        let challenge = json!({"www-authenticate": "DPoP error=\"invalid_token\""});
        let fault = json!({"path": "/me", "count": 1, "status": 401, "headers": challenge});
        self.server.fault(fault).await;
    }
}

#[tokio::test]
async fn a_client_calls_an_api_with_a_proof_for_each_request() {
    let Some(rig) = rig().await else { return };
    let client = rig.client();
    let said: Value = client.get("/me").send().await.unwrap().json().unwrap();
    assert_eq!(said["sub"], "alice");
    assert_eq!(rig.server.hits("/me").await, 2, "once for the nonce");
    // Its nonce is known by now, and a proof is for one method and address.
    client.post("/me?page=1").send().await.unwrap();
    client.get("/me?page=2").send().await.unwrap();
    assert_eq!(rig.server.hits("/me").await, 4);
    assert_eq!(rig.server.hits("/token").await, 0);

    rig.blame_the_token().await;
    let said: Value = client.get("/me").send().await.unwrap().json().unwrap();
    assert_eq!(said["sub"], "alice");
    assert_eq!(rig.server.hits("/me").await, 6);
    assert_eq!(rig.server.hits("/token").await, 1, "its nonce is known too");
}

#[tokio::test]
async fn the_layer_calls_an_api_with_a_proof_for_each_request() {
    let Some(rig) = rig().await else { return };
    let layer = BearerLayer::new(rig.oauth.tokens(&rig.key).unwrap());
    let service = ServiceBuilder::new().layer(layer).service(http().service());
    let url = format!("{}/me", rig.server.issuer());
    let call = async |method: &str, query: &str| {
        let request = http::Request::builder().method(method);
        let request = request.uri(format!("{url}{query}"));
        let answer = service
            .clone()
            .oneshot(request.body(String::new()).unwrap());
        let answer = answer
            .await
            .unwrap_or_else(|error: Error| panic!("{error}"));
        answer.status().as_u16()
    };
    assert_eq!(call("GET", "").await, 200);
    assert_eq!(rig.server.hits("/me").await, 2, "once for the nonce");
    assert_eq!(call("POST", "?page=1").await, 200);
    assert_eq!(rig.server.hits("/me").await, 3);
    rig.blame_the_token().await;
    assert_eq!(call("GET", "").await, 200);
    assert_eq!(rig.server.hits("/me").await, 5);
    assert_eq!(rig.server.hits("/token").await, 1);
}

/// The API refuses what it should, so that the tests above show something.
#[tokio::test]
async fn the_api_refuses_a_bound_token_that_is_sent_in_any_other_way() {
    let Some(rig) = rig().await else { return };
    let token = rig.oauth.tokens(&rig.key).unwrap().get().await.unwrap();
    let key = SigningKey::from_jwk(token.dpop_key().unwrap()).unwrap();
    let url = Url::parse(&format!("{}/me", rig.server.issuer())).unwrap();
    let ask = async |scheme: &str, proof: Option<&str>| {
        let value = format!("{scheme} {}", token.secret().expose_secret());
        let request = http().get(url.as_str()).header("authorization", value);
        let request = match proof {
            Some(proof) => request.header("dpop", proof),
            None => request,
        };
        request.any_status().send().await.unwrap()
    };
    let proof = |key: &SigningKey, method, url: &Url, token: &SecretString, nonce: Option<&str>| {
        DpopProof::for_request(key, &method, url, Some(token), nonce, SystemClock.unix()).unwrap()
    };
    let first = proof(&key, Method::GET, &url, token.secret(), None);
    let nonce = dpop::nonce(ask("DPoP", Some(&first)).await.headers()).unwrap();
    let nonce = Some(nonce.as_str());
    let good = proof(&key, Method::GET, &url, token.secret(), nonce);
    assert_eq!(ask("DPoP", Some(&good)).await.status(), 200);

    let thief = SigningKey::generate(Algorithm::Es256).unwrap();
    let elsewhere = url.join("/token").unwrap();
    let bad = [
        ("a second time", good),
        (
            "key",
            proof(&thief, Method::GET, &url, token.secret(), nonce),
        ),
        (
            "method",
            proof(&key, Method::POST, &url, token.secret(), nonce),
        ),
        (
            "address",
            proof(&key, Method::GET, &elsewhere, token.secret(), nonce),
        ),
        (
            "token",
            proof(&key, Method::GET, &url, &"other".into(), nonce),
        ),
        (
            "nonce",
            proof(&key, Method::GET, &url, token.secret(), Some("other")),
        ),
    ];
    for (what, proof) in bad {
        assert_eq!(ask("DPoP", Some(&proof)).await.status(), 401, "{what}");
    }
    for scheme in ["DPoP", "Bearer"] {
        let status = ask(scheme, None).await.status();
        assert!(status.is_client_error(), "{scheme}: {status}");
    }
}
