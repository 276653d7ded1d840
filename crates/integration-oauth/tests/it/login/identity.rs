//! Who logged in: an ID token that is not of this login ends it.

use integration_core::{Clock, SystemClock};
use integration_oauth::login::{Callback, LoginRefusal};
use integration_testkit::{
    Reply,
    oauth::{AuthFault, MockAuthServer},
};
use serde_json::{Value, json};

use super::support::{Site, sent};

struct Begun {
    callback: Callback,
    nonce: String,
}

async fn begun(site: &Site) -> Begun {
    let login = site.oauth.login("demo").scopes(["openid"]);
    let begun = login.begin().await.unwrap();
    // The request was pushed.
    let nonce = sent(site, "nonce");
    let back = site.server.log_in(begun.url.as_str()).await.unwrap();
    let (_, query) = back.url.split_once('?').unwrap();
    let set = begun.cookie.unwrap().set_cookie();
    let cookie = set.split(';').next().unwrap().to_owned();
    Begun {
        callback: Callback::query(query).unwrap().cookies(&cookie),
        nonce,
    }
}

fn claims(site: &Site, nonce: &str) -> Value {
    let now = SystemClock.unix().as_secs();
    json!({
        "iss": site.server.issuer(), "aud": MockAuthServer::CLIENT_ID, "sub": "user-1",
        "iat": now, "exp": now + 600, "nonce": nonce,
    })
}

/// What a login says whose token endpoint answers with these claims, or without an ID token.
async fn said(change: impl FnOnce(&mut Value) -> bool) -> Result<String, LoginRefusal> {
    let site = Site::start().await;
    let Begun { callback, nonce } = begun(&site).await;
    let mut claims = claims(&site, &nonce);
    let mut answer = json!({"access_token": "at", "token_type": "Bearer", "expires_in": 60});
    if change(&mut claims) {
        answer["id_token"] = site.server.sign("JWT", &claims).unwrap().into();
    }
    let reply = Reply::ok(answer.to_string()).header("content-type", "application/json");
    site.server.inject("/token", [AuthFault::before(reply)]);
    match site.oauth.finish(callback).await {
        Ok(done) => Ok(done.connection.key.account().to_owned()),
        Err(error) => Err(*error.provider::<LoginRefusal>().unwrap()),
    }
}

#[tokio::test]
async fn an_id_token_of_another_login_is_refused() {
    assert_eq!(said(|_| true).await.unwrap(), "user-1");
    assert_eq!(said(|_| false).await, Err(LoginRefusal::BadIdToken));
    for (name, value) in [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("iss", json!("https://evil.test")),
        ("aud", json!("another")),
        ("azp", json!("another")),
        ("sub", json!("")),
        ("exp", json!(1)),
        ("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
    ] {
        let told = said(|claims| {
            match &value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
            true
        });
        assert_eq!(told.await, Err(LoginRefusal::BadIdToken), "{name} {value}");
    }
}

#[tokio::test]
async fn a_user_who_proved_who_they_are_too_long_ago_is_refused() {
    let site = Site::start().await;
    let login = site.oauth.login("demo").scopes(["openid"]);
    let login = login.max_age(std::time::Duration::from_secs(300));
    let begun = login.begin().await.unwrap();
    assert_eq!(sent(&site, "max_age"), "300");
    let mut old = claims(&site, &sent(&site, "nonce"));
    old["auth_time"] = (SystemClock.unix().as_secs() - 1000).into();
    let token = site.server.sign("JWT", &old).unwrap();
    let answer = json!({"access_token": "at", "token_type": "Bearer", "id_token": token});
    let reply = Reply::ok(answer.to_string()).header("content-type", "application/json");
    site.server.inject("/token", [AuthFault::before(reply)]);
    let back = site.server.log_in(begun.url.as_str()).await.unwrap();
    let (_, query) = back.url.split_once('?').unwrap();
    let set = begun.cookie.unwrap().set_cookie();
    let callback = Callback::query(query)
        .unwrap()
        .cookies(set.split(';').next().unwrap());
    let error = site.oauth.finish(callback).await.unwrap_err();
    assert_eq!(error.provider(), Some(&LoginRefusal::BadIdToken));
}

#[tokio::test]
async fn a_callback_is_finished_though_its_browser_hangs_up() {
    let site = Site::start().await;
    let Begun { callback, .. } = begun(&site).await;
    let late = std::time::Duration::from_millis(200);
    site.server.inject("/token", [AuthFault::late(late)]);
    let finishing = site.oauth.finish(callback);
    assert!(tokio::time::timeout(late / 4, finishing).await.is_err());
    let key = integration_oauth::connection::ConnectionKey::new("default", "demo", "user-1");
    let key = key.unwrap();
    for _ in 0..200 {
        if site.oauth.get(&key).await.is_ok() {
            return;
        }
        tokio::time::sleep(late / 10).await;
    }
    panic!("the tokens of the login are lost");
}
