//! The end of a session, begun here or there.

use std::{sync::Arc, time::Duration};

use integration_core::ExposeSecret as _;
use integration_e2e::{oidc::OidcServer, wait::until};
use integration_jwt::Claims;
use parking_lot::Mutex;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{WEB, begin, brought, identity, provider};

/// An application that takes one posted logout after the other.
async fn application() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&bodies);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut text = String::new();
            let mut buffer = [0; 8192];
            while !text.contains("logout_token=") {
                let read = stream.read(&mut buffer).await.unwrap_or_default();
                if read == 0 {
                    break;
                }
                text.push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
            // The rest of a token that did not come with the head.
            tokio::time::sleep(Duration::from_millis(50)).await;
            if let Ok(read) = stream.try_read(&mut buffer) {
                text.push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
            seen.lock().push(text);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer).await;
        }
    });
    (address, bodies)
}

#[tokio::test]
async fn a_session_that_ends_tells_the_application_with_a_token_that_is_judged() {
    let (app, bodies) = application().await;
    let Some(server) = OidcServer::start_with(&[("APP", &app)]).await else {
        return;
    };
    let web = integration_oauth::Provider::discover(server.issuer())
        .client_id("web")
        .client_secret(WEB)
        .redirect_uri(format!("{app}/cb"))
        .build()
        .unwrap();
    let mut login = begin(&web, |request| request).await;
    let how = json!({"url": login.url.as_str(), "stopAt": format!("{app}/cb"), "browser": "alice"});
    let landing = server.browse_as(how).await;
    login.exchange.code = brought(&landing, "code").unwrap().into();
    let tokens = web.exchange_code(&login.exchange).await.unwrap();
    let who = identity(&web, &tokens).await;

    let known = web.metadata().await.unwrap();
    assert!(known.has_backchannel_logout);
    let mut end = known.end_session.clone().unwrap();
    end.query_pairs_mut()
        .append_pair(
            "id_token_hint",
            tokens.id_token.as_ref().unwrap().expose_secret(),
        )
        .append_pair("post_logout_redirect_uri", &format!("{app}/bye"))
        .append_pair("state", "bye-state");
    let how = json!({"url": end.as_str(), "stopAt": format!("{app}/bye"), "browser": "alice"});
    let landing = server.browse_as(how).await;
    assert_eq!(brought(&landing, "state").as_deref(), Some("bye-state"));

    let told = || {
        bodies
            .lock()
            .iter()
            .any(|body| body.contains("logout_token="))
    };
    until("the application is told", Duration::from_secs(10), told).await;
    let body = bodies.lock().last().cloned().unwrap();
    let (_, token) = body.split_once("logout_token=").unwrap();
    let judge = web.logout_tokens().await.unwrap();
    let claims: Claims = judge.check(token.trim()).await.unwrap();
    assert_eq!(claims.extra["sid"], who.extra["sid"]);
    // It proves the end of a session, and no login.
    assert!(
        web.id_tokens()
            .await
            .unwrap()
            .check::<serde_json::Value>(token.trim())
            .await
            .is_err()
    );
    assert!(
        provider(&server, "web-post", "x")
            .logout_tokens()
            .await
            .unwrap()
            .check::<serde_json::Value>(token)
            .await
            .is_err()
    );
}
