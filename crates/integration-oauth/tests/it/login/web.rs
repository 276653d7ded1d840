//! Logins of a web site, from the link to the session.

use axum::{body::Body, http::Request};
use integration_oauth::connection::ConnectionKey;
use integration_testkit::oauth::AuthFault;

use super::support::{Seen, Site, form, get, path, post, provider, send};

#[tokio::test]
async fn a_login_ends_at_its_page_with_a_session_and_tokens() {
    let site = Site::start().await;
    let app = site.app();
    let begun = get(&app, "/login/demo?return_to=/inbox?tab%3D1", "").await;
    assert_eq!(begun.status, 303);
    assert!(begun.location.starts_with(&site.server.url("/authorize")));
    let back = site.visit(&begun).await;
    let done = get(&app, path(&back.url), &begun.jar()).await;
    assert_eq!((done.status, done.location.as_str()), (303, "/inbox?tab=1"));
    assert_eq!(done.jar(), "session=user-1");
    let used = begun.jar();
    let (name, _) = used.split_once('=').unwrap();
    assert!(
        done.cookies
            .iter()
            .any(|set| set.starts_with(&format!("{name}=; ")))
    );
    let key = ConnectionKey::new("default", "demo", "user-1").unwrap();
    assert!(site.oauth.tokens(&key).unwrap().get().await.is_ok());
}

#[tokio::test]
async fn the_cookie_of_a_login_is_out_of_reach_of_scripts_and_other_sites() {
    let site = Site::start().await;
    let begun = get(&site.app(), "/login/demo", "").await;
    let [cookie] = &begun.cookies[..] else {
        panic!("{:?}", begun.cookies)
    };
    assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains("Secure"), "loopback has no TLS: {cookie}");
    assert!(begun.head.contains("cache-control: no-store"));
    assert!(begun.head.contains("referrer-policy: no-referrer"));
}

#[tokio::test]
async fn several_tabs_of_one_browser_log_in_at_once() {
    let site = Site::start().await;
    let app = site.app();
    let one = get(&app, "/login/demo?return_to=/1", "").await;
    let two = get(&app, "/login/demo?return_to=/2", &one.jar()).await;
    let jar = format!("{}; {}", one.jar(), two.jar());
    let (back_one, back_two) = (site.visit(&one).await, site.visit(&two).await);
    assert_eq!(get(&app, path(&back_two.url), &jar).await.location, "/2");
    assert_eq!(get(&app, path(&back_one.url), &jar).await.location, "/1");
}

#[tokio::test]
async fn a_browser_with_many_unfinished_logins_gives_their_cookies_back() {
    let site = Site::start().await;
    let app = site.app();
    let mut jar = Vec::new();
    for _ in 0..16 {
        jar.push(get(&app, "/login/demo", "").await.jar());
    }
    let begun = get(&app, "/login/demo", &jar.join("; ")).await;
    let removed = begun.cookies.iter().filter(|set| set.contains("Max-Age=0"));
    assert_eq!((removed.count(), begun.cookies.len()), (16, 17));
}

#[tokio::test]
async fn a_callback_that_is_replayed_or_of_another_browser_is_refused() {
    let site = Site::start().await;
    let app = site.app();
    let begun = get(&app, "/login/demo", "").await;
    let back = site.visit(&begun).await;
    let other = get(&app, "/login/demo", "").await;
    let stolen = get(&app, path(&back.url), &other.jar()).await;
    refused(&stolen, 400, "This login is over");
    let burnt = get(&app, path(&back.url), &begun.jar()).await;
    refused(&burnt, 400, "This login is over");

    let begun = get(&app, "/login/demo", "").await;
    let back = site.visit(&begun).await;
    assert_eq!(get(&app, path(&back.url), &begun.jar()).await.status, 303);
    let again = get(&app, path(&back.url), &begun.jar()).await;
    refused(&again, 400, "This login is over");
    assert_eq!(site.server.calls("authorization_code"), 1);
}

#[tokio::test]
async fn a_login_that_the_user_denies_is_a_page_and_no_session() {
    let site = Site::start().await;
    let app = site.app();
    site.server.deny_next_login("access_denied");
    let begun = get(&app, "/login/demo", "").await;
    let back = site.visit(&begun).await;
    let denied = get(&app, path(&back.url), &begun.jar()).await;
    refused(&denied, 403, "You are not logged in");
    assert_eq!(site.server.calls("authorization_code"), 0);
}

#[tokio::test]
async fn junk_is_a_page_that_repeats_none_of_it() {
    let site = Site::start().await;
    let app = site.app();
    for (path, status) in [
        ("/login/%3Cscript%3E", 404),
        ("/login/demo?return_to=//evil.test", 400),
        ("/login/demo?return_to=https:evil.test", 400),
        ("/login/demo?return_to=%5C%5Cevil.test", 400),
        ("/callback/demo", 400),
        ("/callback/demo?state=%3Cscript%3E&code=evil.test", 400),
        ("/callback/demo?state=a&state=b", 400),
        (
            "/callback/demo?error=%3Cscript%3E&error_description=evil.test",
            400,
        ),
        ("/callback/%3Cscript%3E?state=x", 400),
    ] {
        let seen = get(&app, path, "").await;
        assert_eq!(seen.status, status, "{path}");
        for text in [&seen.body, &seen.head] {
            assert!(
                !text.contains("script") && !text.contains("evil"),
                "{path}: {text}"
            );
        }
        assert!(seen.cookies.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_not_the_fault_of_the_user() {
    let site = Site::start().await;
    let app = site.app();
    let begun = get(&app, "/login/demo", "").await;
    let back = site.visit(&begun).await;
    site.server.break_down("/token", AuthFault::status(503));
    let failed = get(&app, path(&back.url), &begun.jar()).await;
    refused(&failed, 503, "not possible just now");
    assert!(failed.cookies.is_empty());
}

#[tokio::test]
async fn a_provider_that_posts_its_answer_logs_in_as_well() {
    let site = Site::start().await;
    let routes = site.routes();
    let app = routes
        .adapt(|login, _| login.scopes(["openid"]).param("response_mode", "form_post"))
        .router();
    let begun = get(&app, "/login/demo?return_to=/x", "").await;
    let back = site.visit(&begun).await;
    assert!(back.is_post);
    let done = post(&app, path(&back.url), &begun.jar(), &form(&back)).await;
    assert_eq!((done.status, done.location.as_str()), (303, "/x"));
    let again = post(&app, path(&back.url), &begun.jar(), &form(&back)).await;
    refused(&again, 400, "This login is over");
    let long = "a".repeat(100_000);
    assert_eq!(post(&app, path(&back.url), "", &long).await.status, 413);
    site.server.deny_next_login("access_denied");
    let begun = get(&app, "/login/demo", "").await;
    let back = site.visit(&begun).await;
    assert!(back.is_post);
    let denied = post(&app, path(&back.url), &begun.jar(), &form(&back)).await;
    refused(&denied, 403, "You are not logged in");
}

#[tokio::test]
async fn a_tenant_and_its_scopes_come_from_the_request_that_begins() {
    let site = Site::start().await;
    let app = site
        .routes()
        .adapt(|login, parts| {
            let tenant = parts.headers.get("x-tenant").unwrap();
            login.tenant(tenant.to_str().unwrap()).scopes(["openid"])
        })
        .router();
    let request = Request::get("/login/demo").header("x-tenant", "acme");
    let begun = send(&app, request.body(Body::empty()).unwrap()).await;
    let back = site.visit(&begun).await;
    assert_eq!(get(&app, path(&back.url), &begun.jar()).await.status, 303);
    let key = ConnectionKey::new("acme", "demo", "user-1").unwrap();
    assert!(site.oauth.get(&key).await.is_ok());
    let other = ConnectionKey::new("default", "demo", "user-1").unwrap();
    assert!(site.oauth.get(&other).await.is_err());
}

#[tokio::test]
async fn over_tls_the_cookie_belongs_to_the_host_alone() {
    let site = Site::start().await;
    let provider = provider(&site.server).redirect_uri("https://app.example.test/callback/demo");
    let oauth = super::support::oauth(provider.build().unwrap(), &site.store);
    let app = integration_oauth::axum::LoginRoutes::new(oauth).router();
    let begun = get(&app, "/login/demo", "").await;
    let cookie = &begun.cookies[0];
    assert!(cookie.starts_with("__Host-oauth-login-"), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
}

fn refused(seen: &Seen, status: u16, title: &str) {
    assert_eq!(seen.status, status, "{}", seen.body);
    assert!(seen.body.contains(title), "{}", seen.body);
    assert!(!seen.cookies.iter().any(|set| set.starts_with("session=")));
    assert!(seen.head.contains("default-src 'none'"));
    assert!(seen.head.contains("cache-control: no-store"));
}
