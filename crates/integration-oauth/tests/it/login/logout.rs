//! The end of a session, here and at the provider.

use std::sync::{Arc, Mutex};

use axum::{body::Body, http::Request, response::AppendHeaders};
use integration_core::{Error, ErrorKind};
use integration_jwt::Rejection;
use integration_oauth::{
    connection::ConnectionKey,
    login::LoginRefusal,
    logout::{BackChannel, LogoutRejection},
};
use integration_testkit::oauth::MockAuthServer;
use serde_json::json;
use url::Url;

use super::support::{Site, get, path, post, provider, send};

const LOGGED_OUT: &str = "http://127.0.0.1:3000/logged-out";

async fn logged_in(site: &Site) -> ConnectionKey {
    let app = site.app();
    let begun = get(&app, "/login/demo", "").await;
    let back = site.visit(&begun).await;
    assert_eq!(get(&app, path(&back.url), &begun.jar()).await.status, 303);
    ConnectionKey::new("default", "demo", "user-1").unwrap()
}

#[tokio::test]
async fn a_logout_tells_the_provider_who_leaves_and_comes_back_once() {
    let site = Site::start().await;
    let key = logged_in(&site).await;
    let logout = site.oauth.logout(&key).redirect_uri(LOGGED_OUT);
    let url = logout.return_to("/bye").begin().await.unwrap().unwrap();
    let fields: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(fields["post_logout_redirect_uri"], LOGGED_OUT);
    assert_eq!(fields["client_id"], MockAuthServer::CLIENT_ID);
    assert_eq!(fields["id_token_hint"].split('.').count(), 3);
    let query = format!("state={}", fields["state"]);
    assert_eq!(
        site.oauth.logged_out(&query).await.unwrap().unwrap(),
        "/bye"
    );
    let again = site.oauth.logged_out(&query).await.unwrap_err();
    assert_eq!(again.provider(), Some(&LoginRefusal::UnknownState));
}

#[tokio::test]
async fn a_return_without_the_state_of_a_logout_leads_nowhere() {
    let site = Site::start().await;
    let key = logged_in(&site).await;
    let evil = site.oauth.logout(&key).return_to("//evil.test");
    assert_eq!(
        evil.begin().await.unwrap_err().kind(),
        ErrorKind::Validation
    );
    for query in ["", "state=", "state=x", "state=a&state=a"] {
        assert!(site.oauth.logged_out(query).await.is_err(), "{query}");
    }
    // Nor does the state of a login, which is still good afterwards.
    let app = site.app();
    let begun = get(&app, "/login/demo", "").await;
    let back = site.visit(&begun).await;
    let state = format!("state={}", back.field("state"));
    assert!(site.oauth.logged_out(&state).await.is_err());
    assert_eq!(get(&app, path(&back.url), &begun.jar()).await.status, 303);
}

#[tokio::test]
async fn the_route_ends_the_session_here_before_the_one_at_the_provider() {
    let site = Site::start().await;
    let key = logged_in(&site).await;
    let held = key.clone();
    let app = site
        .routes()
        .logged_out_uri(LOGGED_OUT)
        .on_logout(move |_| {
            let key = held.clone();
            async move {
                Ok((
                    AppendHeaders([("set-cookie", "session=; Max-Age=0")]),
                    Some(key),
                ))
            }
        })
        .router();
    let left = post(&app, "/logout", "session=user-1", "").await;
    assert_eq!(left.status, 303);
    assert!(left.location.starts_with(&site.server.url("/end_session")));
    assert_eq!(left.cookies, ["session=; Max-Age=0"]);
    let url = Url::parse(&left.location).unwrap();
    let (_, state) = url.query_pairs().find(|(name, _)| name == "state").unwrap();
    let back = get(&app, &format!("/logged-out?state={state}"), "").await;
    assert_eq!((back.status, back.location.as_str()), (303, "/"));
    let again = get(&app, &format!("/logged-out?state={state}"), "").await;
    assert_eq!(again.status, 400);
    assert_eq!(
        get(&app, "/logout", "").await.status,
        405,
        "a link logs nobody out"
    );
}

#[tokio::test]
async fn another_site_logs_nobody_out() {
    let site = Site::start().await;
    let app = site
        .routes()
        .on_logout(|_| async { Ok((AppendHeaders([("set-cookie", "session=; Max-Age=0")]), None)) })
        .router();
    let request = Request::post("/logout").header("sec-fetch-site", "cross-site");
    let seen = send(&app, request.body(Body::empty()).unwrap()).await;
    assert_eq!(seen.status, 403);
    assert!(seen.cookies.is_empty());
}

#[tokio::test]
async fn a_logout_that_the_provider_posts_ends_sessions_once() {
    let site = Site::start().await;
    let provider = provider(&site.server).build().unwrap();
    let ended = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ended);
    let channel = BackChannel::new().provider(provider);
    let app = site
        .routes()
        .on_backchannel(channel, move |notice| {
            let seen = Arc::clone(&seen);
            async move {
                let mut seen = seen.lock().unwrap();
                // The first time the table of sessions is not there.
                let is_down = seen.is_empty();
                seen.push((notice.subject, notice.session));
                match is_down {
                    true => Err(Error::new(ErrorKind::Storage, "sessions")),
                    false => Ok(()),
                }
            }
        })
        .router();
    let token = site
        .server
        .logout_token(MockAuthServer::CLIENT_ID, Some("user-1"), Some("s-1"))
        .unwrap();
    let form = format!("logout_token={token}");
    let route = "/backchannel-logout/demo";
    assert_eq!(post(&app, route, "", &form).await.status, 500);
    let well = post(&app, route, "", &form).await;
    assert_eq!(well.status, 200, "a logout that failed may come again");
    assert!(well.head.contains("cache-control: no-store"));
    assert_eq!(
        post(&app, route, "", &form).await.status,
        400,
        "it was taken"
    );
    let told = (Some("user-1".to_owned()), Some("s-1".to_owned()));
    assert_eq!(*ended.lock().unwrap(), [told.clone(), told]);
    assert_eq!(
        post(&app, "/backchannel-logout/other", "", &form)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_logout_token_that_is_forged_ends_nothing() {
    let site = Site::start().await;
    let provider = provider(&site.server).build().unwrap();
    let channel = BackChannel::new().provider(provider);
    let now = integration_core::Clock::unix(&integration_core::SystemClock).as_secs();
    let event = "http://schemas.openid.net/event/backchannel-logout";
    let good = json!({
        "iss": site.server.issuer(), "aud": MockAuthServer::CLIENT_ID, "sub": "user-1",
        "iat": now, "exp": now + 60, "jti": "j", "events": {event: {}},
    });
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    for (claims, why) in [
        (
            with("iss", "https://evil.test".into()),
            Rejection::WrongIssuer,
        ),
        (with("aud", "other".into()), Rejection::WrongAudience),
        (with("nonce", "n".into()), Rejection::Forbidden("nonce")),
        (with("events", json!({})), Rejection::BadClaim("events")),
        (with("exp", (now - 600).into()), Rejection::Expired),
    ] {
        let token = site.server.sign("logout+jwt", &claims).unwrap();
        let said = channel
            .receive("demo", format!("logout_token={token}").as_bytes())
            .await;
        let LogoutRejection::Token(rejection) = said.unwrap_err() else {
            panic!("{claims}")
        };
        assert_eq!(rejection, why, "{claims}");
    }
    let token = site.server.sign("logout+jwt", &good).unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    for junk in [
        String::new(),
        "logout_token=".to_owned(),
        format!("logout_token={signed}."),
        format!("logout_token={token}&logout_token={token}"),
        format!("logout_token={}", "a".repeat(40_000)),
    ] {
        let said = channel.receive("demo", junk.as_bytes()).await.unwrap_err();
        assert_eq!(said.status(), 400, "{junk:.40}");
    }
    let well = channel
        .receive("demo", format!("logout_token={token}").as_bytes())
        .await;
    assert!(
        !format!("{:?}", well.unwrap()).contains("user-1"),
        "a name is personal"
    );
}
