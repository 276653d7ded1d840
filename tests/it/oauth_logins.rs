//! Logins and logouts of an application against a real authorization server.

use integration_core::ExposeSecret as _;
use integration_e2e::oidc::{APP, OidcServer};
use integration_oauth::{
    OAuth, OAuthError, Provider, Result,
    login::{Begun, Callback, Finished, LoginRefusal},
    logout::{BackChannel, LogoutRejection},
};
use integration_testkit::{Reply, ScriptedServer};
use serde_json::json;
use url::Url;

fn provider(server: &OidcServer, name: &str, app: &str) -> Provider {
    let provider = Provider::discover(server.issuer()).name(name);
    provider
        .client_id("web")
        .client_secret("web-secret:with/odd+chars%&")
        .redirect_uri(format!("{app}/cb"))
        .build()
        .unwrap()
}

fn oauth<const N: usize>(providers: [Provider; N]) -> OAuth {
    let mut builder = OAuth::builder().in_memory().unwrap();
    for provider in providers {
        builder = builder.provider(provider);
    }
    builder.build().unwrap()
}

async fn begin(oauth: &OAuth, name: &str) -> Begun {
    let login = oauth.login(name).scopes(["openid", "offline_access"]);
    login.param("prompt", "consent").begin().await.unwrap()
}

/// What the browser that began a login brings back, as the server wrote it.
fn callback(begun: &Begun, landing: &str) -> Callback {
    let set = begun.cookie.as_ref().unwrap().set_cookie();
    let (_, query) = landing.split_once('?').unwrap();
    let callback = Callback::query(query).unwrap();
    callback.cookies(set.split(';').next().unwrap())
}

async fn log_in(oauth: &OAuth, server: &OidcServer, app: &str) -> Result<Finished> {
    let begun = begin(oauth, "op").await;
    let how = json!({"url": begun.url.as_str(), "stopAt": format!("{app}/cb"), "browser": "b"});
    let landing = server.browse_as(how).await;
    oauth.finish(callback(&begun, &landing.url)).await
}

fn refusal<T>(result: Result<T>) -> LoginRefusal {
    let error = result.err().expect("it is refused");
    *error.provider().expect("it is refused by us")
}

#[tokio::test]
async fn a_login_at_a_real_server_ends_in_a_connection_once() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let oauth = oauth([provider(&server, "op", APP)]);
    let begun = begin(&oauth, "op").await;
    let landing = server
        .browse(begun.url.as_str(), &format!("{APP}/cb"))
        .await;
    assert!(landing.url.contains("iss="), "{}", landing.url);
    let done = oauth.finish(callback(&begun, &landing.url)).await.unwrap();
    assert_eq!(done.connection.key.to_string(), "default/op/alice");
    assert_eq!(done.identity.unwrap().subject.unwrap(), "alice");
    assert!(done.refused.is_empty(), "{:?}", done.refused);
    let again = oauth.finish(callback(&begun, &landing.url)).await;
    assert_eq!(refusal(again), LoginRefusal::UnknownState);
    assert_eq!(server.hits("/token").await, 1);

    let tokens = oauth.tokens(&done.connection.key).unwrap();
    let first = tokens.get().await.unwrap();
    let _ = tokens.refused(first.version());
    let second = tokens.get().await.unwrap();
    assert_ne!(
        first.secret().expose_secret(),
        second.secret().expose_secret()
    );
}

#[tokio::test]
async fn a_code_is_sent_to_no_server_but_the_one_that_gave_it() {
    let (Some(one), Some(two)) = (OidcServer::start().await, OidcServer::start().await) else {
        return;
    };
    let oauth = oauth([provider(&one, "one", APP), provider(&two, "two", APP)]);
    let stop = format!("{APP}/cb");
    let swapped = |url: &str, iss: Option<&str>| {
        let mut url = Url::parse(url).unwrap();
        let fields: Vec<_> = url.query_pairs().into_owned().collect();
        let mut query = url.query_pairs_mut();
        query.clear();
        query.extend_pairs(fields.iter().filter(|(name, _)| name != "iss"));
        query.extend_pairs(iss.map(|iss| ("iss", iss)));
        drop(query);
        url.to_string()
    };
    for (iss, why) in [
        (Some(two.issuer()), LoginRefusal::OtherIssuer),
        (Some("https://evil.test"), LoginRefusal::OtherIssuer),
        (None, LoginRefusal::NoIssuer),
    ] {
        let begun = begin(&oauth, "one").await;
        let landing = one.browse(begun.url.as_str(), &stop).await;
        let brought = callback(&begun, &swapped(&landing.url, iss));
        assert_eq!(refusal(oauth.finish(brought).await), why, "{iss:?}");
    }
    let begun = begin(&oauth, "one").await;
    let landing = one.browse(begun.url.as_str(), &stop).await;
    let elsewhere = callback(&begun, &landing.url).at("two");
    assert_eq!(
        refusal(oauth.finish(elsewhere).await),
        LoginRefusal::OtherProvider
    );
    assert_eq!((one.hits("/token").await, two.hits("/token").await), (0, 0));
}

#[tokio::test]
async fn a_user_who_cancels_at_a_real_server_is_no_login() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let oauth = oauth([provider(&server, "op", APP)]);
    let begun = begin(&oauth, "op").await;
    let how = json!({"url": begun.url.as_str(), "stopAt": format!("{APP}/cb"), "abort": true});
    let landing = server.browse_as(how).await;
    let error = oauth
        .finish(callback(&begun, &landing.url))
        .await
        .unwrap_err();
    assert_eq!(
        error.provider::<OAuthError>().unwrap().code,
        "access_denied"
    );
    assert_eq!(server.hits("/token").await, 0);
}

#[tokio::test]
async fn a_logout_at_a_real_server_comes_back_and_is_posted_to_us() {
    let app = ScriptedServer::start(|_| Reply::ok("")).await.unwrap();
    let address = app.url("");
    let Some(server) = OidcServer::start_with(&[("APP", &address)]).await else {
        return;
    };
    let provider = provider(&server, "op", &address);
    let oauth = oauth([provider.clone()]);
    let done = log_in(&oauth, &server, &address).await.unwrap();
    let bye = format!("{address}/bye");
    let logout = oauth.logout(&done.connection.key).redirect_uri(&bye);
    let url = logout.return_to("/start").begin().await.unwrap().unwrap();
    let how = json!({"url": url.as_str(), "stopAt": bye, "browser": "b"});
    let landing = server.browse_as(how).await;
    let (_, query) = landing.url.split_once('?').expect("the browser came back");
    assert_eq!(oauth.logged_out(query).await.unwrap().unwrap(), "/start");

    let posted = app.received();
    let posted = posted
        .iter()
        .find(|request| request.path == "/bclo")
        .unwrap();
    let channel = BackChannel::new().provider(provider);
    let notice = channel.receive("op", &posted.body).await.unwrap();
    assert_eq!(notice.subject.as_deref(), Some("alice"));
    let identity = done.identity.unwrap();
    assert_eq!(notice.session.as_deref(), identity.extra["sid"].as_str());
    let again = channel.receive("op", &posted.body).await.unwrap_err();
    assert!(matches!(again, LogoutRejection::Replayed), "{again}");
}
