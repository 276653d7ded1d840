use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    listener::{Listener, LoopbackConfig, LoopbackHost},
    serve::{Arrival, Serving},
};
use crate::login::{Fingerprint, Page};

const STATE: &str = "the-state-of-this-login";

struct Waiting {
    serving: Serving,
    authority: String,
    path: String,
}

async fn waiting(config: &LoopbackConfig) -> Waiting {
    let listener = Listener::bind(config).await.unwrap();
    Waiting {
        authority: listener.authority.clone(),
        path: listener.path.clone(),
        serving: Serving::start(listener, Fingerprint::of(STATE)),
    }
}

impl Waiting {
    fn callback(&self) -> String {
        let Self {
            authority, path, ..
        } = self;
        format!("GET {path}?state={STATE}&code=c HTTP/1.1\r\nhost: {authority}\r\n\r\n")
    }

    async fn arrival(&mut self) -> Arrival {
        let arrival = tokio::time::timeout(Duration::from_secs(10), self.serving.arrival());
        arrival.await.unwrap().unwrap()
    }
}

/// Sends bytes and reads whatever comes back.
async fn say(authority: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(authority).await.unwrap();
    // The other side may hang up in the midst of junk.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn junk_does_not_end_the_wait() {
    let mut waiting = waiting(&LoopbackConfig::default()).await;
    let (authority, path) = (waiting.authority.clone(), waiting.path.clone());
    let get = |target: &str, host: &str| format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    let good = format!("{path}?state={STATE}&code=c");
    let mut junk = vec![
        (get("/", &authority), "404"),
        (get("/favicon.ico", &authority), "404"),
        (get(&path, &authority), "404"),
        (get(&format!("{path}?code=c"), &authority), "404"),
        (
            get(&format!("{path}?state=other&code=c"), &authority),
            "404",
        ),
        (
            get(&format!("{path}?state={STATE}&state={STATE}"), &authority),
            "404",
        ),
        (get(&format!("{good}&code=d"), &authority), "404"),
        (get(&format!("/x{good}"), &authority), "404"),
        // A page elsewhere whose name was pointed at this machine.
        (get(&good, "evil.test"), "404"),
        (get(&good, "127.0.0.1"), "404"),
        (format!("GET {good} HTTP/1.0\r\n\r\n"), "404"),
        (
            format!("POST {good} HTTP/1.1\r\nhost: {authority}\r\ncontent-length: 0\r\n\r\n"),
            "404",
        ),
        (get(&format!("/{}", "a".repeat(200_000)), &authority), "4"),
        ("\u{0}\u{1}garbage\r\n\r\n".to_owned(), "400"),
        (
            "\u{16}\u{3}\u{1}hello, this is TLS\r\n\r\n".to_owned(),
            "400",
        ),
    ];
    let mut all = tokio::task::JoinSet::new();
    for round in 0..4 {
        for (bytes, status) in junk.clone() {
            let authority = authority.clone();
            all.spawn(async move {
                let answer = say(&authority, bytes.as_bytes()).await;
                let line = answer.lines().next().unwrap_or("").to_owned();
                // Who sends more than we read may find the connection reset.
                let is_long = bytes.len() > 100_000;
                assert!(
                    line.starts_with(&format!("HTTP/1.1 {status}"))
                        || line.starts_with(&format!("HTTP/1.0 {status}"))
                        || (is_long && line.is_empty()),
                    "{round} {line} {:.60}",
                    bytes
                );
            });
        }
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    junk.clear();
    let callback = waiting.callback();
    let browser = tokio::spawn(async move { say(&authority, callback.as_bytes()).await });
    let arrival = waiting.arrival().await;
    assert_eq!(arrival.callback.field("code"), Some("c"));
    arrival.page.send(Page::LOGGED_IN).unwrap();
    assert!(browser.await.unwrap().contains("You are logged in"));
}

#[tokio::test]
async fn clients_that_say_nothing_do_not_hold_up_the_browser() {
    let mut waiting = waiting(&LoopbackConfig::default()).await;
    let authority = waiting.authority.clone();
    let mut silent = Vec::new();
    for _ in 0..32 {
        let mut stream = TcpStream::connect(&authority).await.unwrap();
        stream.write_all(b"GET / HT").await.unwrap();
        silent.push(stream);
    }
    let callback = waiting.callback();
    let browser = tokio::spawn(async move { say(&authority, callback.as_bytes()).await });
    let arrival = waiting.arrival().await;
    arrival.page.send(Page::LOGGED_IN).unwrap();
    waiting.serving.finish().await;
    assert!(browser.await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn one_callback_is_taken_and_no_second() {
    let mut waiting = waiting(&LoopbackConfig::default()).await;
    let authority = waiting.authority.clone();
    let callback = waiting.callback();
    let mut browsers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (authority, callback) = (authority.clone(), callback.clone());
        browsers.spawn(async move { say(&authority, callback.as_bytes()).await });
    }
    let arrival = waiting.arrival().await;
    arrival.page.send(Page::LOGGED_IN).unwrap();
    let answers = browsers.join_all().await;
    let well = answers.iter().filter(|a| a.starts_with("HTTP/1.1 200"));
    assert_eq!(well.count(), 1);
    let not = answers.iter().filter(|a| a.starts_with("HTTP/1.1 404"));
    assert_eq!(not.count(), 7);
}

#[tokio::test]
async fn a_page_shows_nothing_of_the_request_and_is_kept_nowhere() {
    let mut waiting = waiting(&LoopbackConfig::default()).await;
    let authority = waiting.authority.clone();
    let odd = format!("GET /%3Cscript%3E?<b> HTTP/1.1\r\nhost: {authority}\r\n\r\n");
    let not_found = say(&authority, odd.as_bytes()).await.to_lowercase();
    assert!(!not_found.contains("script") && !not_found.contains("<b>"));
    let callback = waiting.callback();
    let browser = tokio::spawn(async move { say(&authority, callback.as_bytes()).await });
    waiting
        .arrival()
        .await
        .page
        .send(Page::LOGIN_FAILED)
        .unwrap();
    let page = browser.await.unwrap();
    assert!(page.contains("The login failed") && !page.contains(STATE));
    for header in [
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "default-src 'none'",
    ] {
        assert!(page.contains(header), "{page}");
    }
}

#[tokio::test]
async fn nobody_listens_once_the_login_is_over_or_dropped() {
    let first = waiting(&LoopbackConfig::default()).await;
    let authority = first.authority.clone();
    first.serving.finish().await;
    assert!(TcpStream::connect(&authority).await.is_err());
    let second = waiting(&LoopbackConfig::default()).await;
    let authority = second.authority.clone();
    drop(second);
    tokio::task::yield_now().await;
    for _ in 0..100 {
        if TcpStream::connect(&authority).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it still listens");
}

#[tokio::test]
async fn only_the_loopback_interface_is_listened_on() {
    for host in [LoopbackHost::V4, LoopbackHost::V6, LoopbackHost::Name] {
        let config = LoopbackConfig {
            host,
            path: None,
            ..LoopbackConfig::default()
        };
        let Ok(listener) = Listener::bind(&config).await else {
            assert_eq!(host, LoopbackHost::V6, "a machine may have no IPv6");
            continue;
        };
        let ports: Vec<_> = listener
            .sockets
            .iter()
            .map(|socket| socket.local_addr().unwrap())
            .collect();
        assert!(ports.iter().all(|address| address.ip().is_loopback()));
        assert!(
            ports
                .iter()
                .all(|address| address.port() == ports[0].port())
        );
        let uri = listener.redirect_uri();
        assert!(
            uri.ends_with(&listener.path) && listener.path.len() == 44,
            "{uri}"
        );
    }
}

#[tokio::test]
async fn a_port_that_is_taken_and_a_path_that_is_none_are_mistakes() {
    let first = Listener::bind(&LoopbackConfig::default()).await.unwrap();
    let port = first.sockets[0].local_addr().unwrap().port();
    let taken = LoopbackConfig {
        port,
        ..LoopbackConfig::default()
    };
    assert!(Listener::bind(&taken).await.is_err());
    for bad in ["", "cb", "//cb", "/cb?x", "/cb#x", "/c b"] {
        let config = LoopbackConfig {
            path: Some(bad.to_owned()),
            ..LoopbackConfig::default()
        };
        assert!(Listener::bind(&config).await.is_err(), "{bad}");
    }
}
