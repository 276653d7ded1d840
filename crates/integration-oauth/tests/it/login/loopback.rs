//! Logins of a command-line program.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use integration_core::http;
use integration_oauth::{
    ErrorKind, OAuth, OAuthError, Provider,
    loopback::{Browser, LoopbackConfig, LoopbackHost},
    preset::Preset,
};
use url::Url;

use super::support::Site;

/// A browser that logs in at the mock server, and goes where that sends it.
fn browser(site: &Arc<Site>, pages: &Arc<Mutex<Vec<String>>>) -> Browser {
    let (site, pages) = (Arc::clone(site), Arc::clone(pages));
    Browser::with(move |url| {
        let (url, site, pages) = (url.to_string(), Arc::clone(&site), Arc::clone(&pages));
        tokio::spawn(async move {
            let back = site.server.log_in(&url).await.unwrap();
            let page = open(&back.url).await;
            pages.lock().unwrap().push(page);
        });
        true
    })
}

async fn open(url: &str) -> String {
    let client = http::Client::builder().build().unwrap();
    let page = client.get(url).any_status().send().await.unwrap();
    String::from_utf8_lossy(page.body()).into_owned()
}

/// What the browser shows in the end.
async fn page(pages: &Mutex<Vec<String>>) -> String {
    for _ in 0..500 {
        if let Some(page) = pages.lock().unwrap().pop() {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the browser shows nothing")
}

#[tokio::test]
async fn a_program_logs_in_through_the_browser_of_its_user() {
    for host in [LoopbackHost::V4, LoopbackHost::V6, LoopbackHost::Name] {
        let site = Arc::new(Site::start().await);
        let pages = Arc::default();
        let mut config = LoopbackConfig::default();
        config.host = host;
        let login = site
            .oauth
            .loopback("demo")
            .scopes(["openid"])
            .listen(config);
        let login = login.browser(browser(&site, &pages)).run().await.unwrap();
        assert_eq!(login.connection.key.to_string(), "default/demo/user-1");
        assert_eq!(login.identity.unwrap().subject.unwrap(), "user-1");
        assert!(
            site.oauth
                .tokens(&login.connection.key)
                .unwrap()
                .get()
                .await
                .is_ok()
        );
        assert!(page(&pages).await.contains("You are logged in"));
    }
}

/// The names of what stands in the address that a browser is opened with.
async fn opened_with(oauth: &OAuth) -> Vec<String> {
    let opened = Arc::new(Mutex::new(None));
    let told = Arc::clone(&opened);
    let browser = Browser::with(move |url| told.lock().unwrap().replace(url.clone()).is_none());
    let login = oauth.loopback("demo").scopes(["openid"]).browser(browser);
    let login = login.timeout(Duration::from_millis(50)).run().await;
    assert_eq!(login.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    let url: Url = opened.lock().unwrap().take().unwrap();
    assert!(url.password().is_none() && url.fragment().is_none());
    let mut names: Vec<_> = url
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_address_that_a_browser_is_opened_with_holds_no_secret() {
    let mut preset = Preset::default();
    preset.name = "demo".to_owned();
    preset.authorize = Some("https://as.example.test/authorize".to_owned());
    preset.token = Some("https://as.example.test/token".to_owned());
    let provider = Provider::builder(preset)
        .client_id("app")
        .client_secret("s");
    let oauth = OAuth::builder().provider(provider.build().unwrap());
    let oauth = oauth.in_memory().unwrap().build().unwrap();
    let allowed = [
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
    ];
    assert_eq!(opened_with(&oauth).await, allowed);
    // Pushed, it is a reference.
    let site = Site::start().await;
    assert_eq!(opened_with(&site.oauth).await, ["client_id", "request_uri"]);
}

#[tokio::test]
async fn a_program_whose_user_says_no_is_told_and_so_is_the_user() {
    let site = Arc::new(Site::start().await);
    site.server.deny_next_login("access_denied");
    let pages = Arc::default();
    let login = site.oauth.loopback("demo").browser(browser(&site, &pages));
    let error = login.run().await.unwrap_err();
    assert_eq!(
        error.provider::<OAuthError>().unwrap().code,
        "access_denied"
    );
    assert!(page(&pages).await.contains("The login failed"));
}

#[tokio::test]
async fn a_user_without_a_browser_is_told_where_to_go() {
    let site = Arc::new(Site::start().await);
    let (told, heard) = tokio::sync::oneshot::channel::<Url>();
    let told = Mutex::new(Some(told));
    let login = site.oauth.loopback("demo").scopes(["openid"]);
    let login = login.browser(Browser::None).on_no_browser(move |url| {
        let told = told.lock().unwrap().take();
        told.unwrap().send(url.clone()).unwrap();
    });
    let by_hand = async {
        let url = heard.await.unwrap();
        let back = site.server.log_in(url.as_str()).await.unwrap();
        open(&back.url).await
    };
    let (login, page) = tokio::join!(login.run(), by_hand);
    assert_eq!(login.unwrap().connection.key.account(), "user-1");
    assert!(page.contains("You are logged in"));
}

#[tokio::test]
async fn a_user_who_never_comes_back_ends_the_wait() {
    let site = Site::start().await;
    let login = site.oauth.loopback("demo").browser(Browser::with(|_| true));
    let error = login.timeout(Duration::from_millis(50)).run().await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
}
