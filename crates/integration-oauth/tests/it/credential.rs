//! Two live versions of a credential.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use integration_core::{
    Clock, ExposeSecret, SystemClock,
    credentials::{CachedToken, Credentials, Token, TokenConfig},
    http::{Client, HeaderMap},
};
use integration_oauth::{
    Error, ErrorKind, Result,
    connection::ConnectionKey,
    credential::{
        Credential, CredentialEvent, CredentialKeeper, RotatingCredential, TwoStepSource, Version,
    },
    seal::{KeyRing, SealingKey, Slot, Vault},
    store::{MemoryStore, TokenStore},
};
use integration_testkit::{TestClock, leaks};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

struct Rig {
    keeper: CredentialKeeper,
    store: Arc<MemoryStore>,
    vault: Arc<KeyRing>,
    events: Arc<Mutex<Vec<CredentialEvent>>>,
}

fn rig() -> Rig {
    let store = Arc::new(MemoryStore::new());
    let vault = Arc::new(KeyRing::new(SealingKey::generate("k").unwrap()));
    let events: Arc<Mutex<Vec<CredentialEvent>>> = Arc::default();
    let told = events.clone();
    let keeper = CredentialKeeper::new(store.clone(), vault.clone())
        .with_clock(Arc::new(TestClock::at(DAY * 20_000)))
        .with_events(move |event| told.lock().unwrap().push(event.clone()));
    Rig {
        keeper,
        store,
        vault,
        events,
    }
}

impl Rig {
    async fn put(&self, secret: &str) -> RotatingCredential {
        leaks::note("api_key", secret);
        let credential = Credential::api_key("x-api-key", secret);
        self.keeper.put(&key(), credential).await.unwrap()
    }

    fn events(&self) -> Vec<CredentialEvent> {
        std::mem::take(&mut self.events.lock().unwrap())
    }
}

fn key() -> ConnectionKey {
    ConnectionKey::new("acme", "weather", "main").unwrap()
}

fn api_key(secret: &str) -> Credential {
    Credential::api_key("x-api-key", secret)
}

fn sent(headers: &HeaderMap) -> &str {
    headers["x-api-key"].to_str().unwrap()
}

/// A provider that takes these keys, and says which it got.
async fn ask(rotating: &RotatingCredential, taken: &[&str]) -> (Result<String>, Vec<String>) {
    let seen = Mutex::new(Vec::new());
    let answer = rotating
        .call(async |headers| {
            let key = sent(&headers).to_owned();
            seen.lock().unwrap().push(key.clone());
            match taken.contains(&key.as_str()) {
                true => Ok(key),
                false => Err(Error::new(ErrorKind::Unauthenticated, "weather")),
            }
        })
        .await;
    (answer, seen.into_inner().unwrap())
}

#[tokio::test]
async fn a_credential_is_sealed_and_read_back() {
    let rig = rig();
    rig.put("canary-key").await;
    let record = rig.store.get(&key()).await.unwrap().unwrap();
    let sealed = String::from_utf8_lossy(&record.sealed).into_owned();
    assert!(!sealed.contains("canary-key"));
    let read = rig.keeper.get(&key()).await.unwrap().unwrap();
    assert_eq!(sent(&read.pick().1.headers().unwrap()), "canary-key");
    assert!(!format!("{read:?} {:?}", rig.keeper).contains("canary-key"));
    // It is no connection: as tokens it does not open.
    let opened = rig
        .vault
        .open(&Slot::tokens(&key(), 1), &record.sealed)
        .await;
    assert_eq!(opened.unwrap_err().kind(), ErrorKind::Decode);
    assert!(rig.keeper.remove(&key()).await.unwrap());
    assert!(rig.keeper.get(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn every_kind_is_read_back_and_sent_as_its_provider_wants_it() {
    let rig = rig();
    for (credential, header, value) in [
        (Credential::bearer("t"), "authorization", "Bearer t"),
        (
            Credential::basic("ü", "p:w"),
            "authorization",
            "Basic w7w6cDp3",
        ),
        (
            Credential::basic("key", ""),
            "authorization",
            "Basic a2V5Og==",
        ),
        (
            Credential::header([("x-id", "1"), ("x-secret", "s")]),
            "x-secret",
            "s",
        ),
    ] {
        rig.keeper.put(&key(), credential).await.unwrap();
        let read = rig.keeper.get(&key()).await.unwrap().unwrap();
        let headers = read.pick().1.headers().unwrap();
        assert_eq!(headers[header], value);
        assert!(headers.values().all(|value| value.is_sensitive()));
    }
    let fields = Credential::two_step([("client", "c"), ("key", "k")]);
    rig.keeper.put(&key(), fields).await.unwrap();
    let read = rig.keeper.get(&key()).await.unwrap().unwrap();
    let Credential::TwoStep { fields } = read.pick().1 else {
        panic!("another kind")
    };
    assert_eq!(fields["key"].expose_secret(), "k");
}

#[tokio::test]
async fn what_could_never_be_sent_is_not_stored() {
    let rig = rig();
    let none: [(&str, &str); 0] = [];
    for bad in [
        Credential::api_key("x-api-key", ""),
        Credential::api_key("x-api-key", "canary\nkey"),
        Credential::api_key("x-api-key", " canary"),
        Credential::api_key("not a header", "canary"),
        Credential::basic("us:er", "canary"),
        Credential::header(none),
        Credential::two_step(none),
    ] {
        let error = rig.keeper.put(&key(), bad).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error:?}").contains("canary"));
    }
    assert!(rig.keeper.get(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn the_next_one_is_promoted_with_its_first_success() {
    let rig = rig();
    let rotating = rig.put("old").await;
    assert_eq!(ask(&rotating, &["old"]).await.1, ["old"]);
    rotating.stage(api_key("new"), HOUR).await.unwrap();
    assert_eq!(ask(&rotating, &["old", "new"]).await.1, ["new"]);
    assert_eq!(rig.events(), [CredentialEvent::Promoted { key: key() }]);
    assert_eq!(rotating.pick().0, Version::Current);
    let read = rig.keeper.get(&key()).await.unwrap().unwrap();
    assert_eq!(ask(&read, &["new"]).await.1, ["new"], "it is stored");
    assert_eq!(rig.events(), []);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_staged_during_a_call_is_not_promoted_by_its_success() {
    let rig = rig();
    let rotating = rig.put("old").await;
    rotating.stage(api_key("new"), HOUR).await.unwrap();
    let stages = async |_| {
        tokio::time::advance(Duration::from_secs(1)).await;
        rotating.stage(api_key("newer"), HOUR).await
    };
    rotating.call(stages).await.unwrap();
    assert_eq!(rig.events(), []);
    assert_eq!(rotating.pick().0, Version::Next, "nobody has taken it yet");
}

#[tokio::test(start_paused = true)]
async fn a_refused_next_one_leads_back_and_is_tried_again_later() {
    let rig = rig();
    let rotating = rig.put("old").await;
    rotating.stage(api_key("new"), HOUR).await.unwrap();
    let (answer, seen) = ask(&rotating, &["old"]).await;
    assert_eq!(
        (answer.unwrap().as_str(), seen),
        ("old", vec!["new".to_owned(), "old".into()])
    );
    assert_eq!(rig.events(), [CredentialEvent::NextRefused { key: key() }]);
    assert_eq!(
        ask(&rotating, &["old"]).await.1,
        ["old"],
        "left alone for a while"
    );
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(ask(&rotating, &["new"]).await.1, ["new"]);
    assert_eq!(rig.events(), [CredentialEvent::Promoted { key: key() }]);
}

#[tokio::test]
async fn a_current_one_that_is_refused_early_leads_to_the_next() {
    let rig = rig();
    let rotating = rig.put("old").await;
    rotating.stage(api_key("new"), HOUR).await.unwrap();
    // Refused once, the next one is left alone; then the provider drops the current one.
    assert!(rotating.refused(Version::Next).is_some());
    assert_eq!(ask(&rotating, &["new"]).await.1, ["old", "new"]);
    assert!(
        rig.events()
            .contains(&CredentialEvent::Promoted { key: key() })
    );
}

#[tokio::test(start_paused = true)]
async fn past_the_overlap_the_old_one_is_not_sent_any_more() {
    let rig = rig();
    let rotating = rig.put("old").await;
    rotating.stage(api_key("new"), HOUR).await.unwrap();
    tokio::time::advance(HOUR).await;
    let (answer, seen) = ask(&rotating, &["old"]).await;
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(seen, ["new"]);
    assert_eq!(rig.events(), [CredentialEvent::Refused { key: key() }]);
}

#[tokio::test]
async fn with_both_refused_each_is_sent_once() {
    let rig = rig();
    let rotating = rig.put("old").await;
    rotating.stage(api_key("new"), HOUR).await.unwrap();
    let (answer, seen) = ask(&rotating, &[]).await;
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(seen, ["new", "old"]);
    let refused = CredentialEvent::Refused { key: key() };
    assert_eq!(
        rig.events(),
        [CredentialEvent::NextRefused { key: key() }, refused]
    );
}

#[tokio::test]
async fn another_failure_says_nothing_of_the_credential() {
    let rig = rig();
    let rotating = rig.put("old").await;
    rotating.stage(api_key("new"), HOUR).await.unwrap();
    let outage = async |_| Err::<(), _>(Error::new(ErrorKind::Unavailable, "weather"));
    let error = rotating.call(outage).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(rig.events(), []);
    assert_eq!(rotating.pick().0, Version::Next);
}

#[tokio::test]
async fn of_two_processes_one_promotes_and_the_other_goes_on() {
    let rig = rig();
    let one = rig.put("old").await;
    one.stage(api_key("new"), HOUR).await.unwrap();
    let two = rig.keeper.get(&key()).await.unwrap().unwrap();
    assert_eq!(ask(&one, &["new"]).await.1, ["new"]);
    assert_eq!(ask(&two, &["new"]).await.1, ["new"]);
    assert_eq!(rig.events(), [CredentialEvent::Promoted { key: key() }]);
    // A third rotation, staged by the one, is known to the other after a look.
    one.stage(api_key("newer"), HOUR).await.unwrap();
    assert_eq!(ask(&two, &["new"]).await.1, ["new"]);
    two.reload().await.unwrap();
    assert_eq!(ask(&two, &["newer"]).await.1, ["newer"]);
    assert!(rig.keeper.remove(&key()).await.unwrap());
    assert_eq!(two.reload().await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn an_old_credential_is_told_of_once_a_day() {
    let rig = rig();
    let rotating = rig.put("old").await;
    tokio::time::advance(DAY * 90).await;
    let _ = rotating.pick();
    assert_eq!(rig.events(), []);
    tokio::time::advance(Duration::from_secs(1)).await;
    let (_, _) = (rotating.pick(), rotating.pick());
    let age = DAY * 90 + Duration::from_secs(1);
    assert_eq!(rig.events(), [CredentialEvent::Old { key: key(), age }]);
    tokio::time::advance(DAY).await;
    let _ = rotating.pick();
    assert_eq!(rig.events().len(), 1);
    // A new one is young.
    rotating.stage(api_key("new"), HOUR).await.unwrap();
    assert_eq!(ask(&rotating, &["new"]).await.1, ["new"]);
    rig.events();
    tokio::time::advance(DAY).await;
    let _ = rotating.pick();
    assert_eq!(rig.events(), []);
}

#[tokio::test]
async fn an_exchanged_credential_falls_back_and_is_promoted_too() {
    let rig = rig();
    let fields = |key: &str| Credential::two_step([("key", key)]);
    let rotating = rig.keeper.put(&key(), fields("old")).await.unwrap();
    rotating.stage(fields("new"), HOUR).await.unwrap();
    let taken = Arc::new(Mutex::new("old"));
    let provider = taken.clone();
    let exchange =
        move |fields: std::collections::BTreeMap<String, integration_core::SecretString>| {
            let key = fields["key"].expose_secret().to_owned();
            let is_taken = key == *provider.lock().unwrap();
            std::future::ready(match is_taken {
                true => Ok(Token::new(format!("token of {key}"))),
                false => Err(Error::new(ErrorKind::Unauthenticated, "exchange")),
            })
        };
    let source = TwoStepSource::new(rotating.clone(), exchange);
    let credentials = Credentials::token(CachedToken::new(source, TokenConfig::default()).unwrap());
    let mut headers = HeaderMap::new();
    let deadline = SystemClock.now() + Duration::from_secs(10);
    credentials.authorize(&mut headers, deadline).await.unwrap();
    assert_eq!(headers["authorization"], "Bearer token of old");
    assert_eq!(rig.events(), [CredentialEvent::NextRefused { key: key() }]);
}

/// A provider on the loopback that takes these keys; each request says which it brought.
struct Weather {
    base: String,
    taken: Arc<Mutex<Vec<&'static str>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

async fn weather(taken: &[&'static str]) -> Weather {
    let taken = Arc::new(Mutex::new(taken.to_vec()));
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let (takes, sees) = (taken.clone(), seen.clone());
    let answer = move |headers: HeaderMap| {
        let of = |name| headers.get(name).map(|value| value.to_str().unwrap());
        let key = [of("x-api-key"), of("x-app-id"), of("x-app-key")];
        let key: Vec<&str> = key.into_iter().flatten().collect();
        let is_taken = takes
            .lock()
            .unwrap()
            .iter()
            .any(|taken| key.contains(taken));
        sees.lock().unwrap().push(key.join(" "));
        let status = match is_taken {
            true => axum::http::StatusCode::OK,
            false => axum::http::StatusCode::UNAUTHORIZED,
        };
        std::future::ready(status)
    };
    let routes = axum::Router::new().fallback(answer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Weather { base, taken, seen }
}

impl Weather {
    fn takes(&self, keys: &[&'static str]) {
        *self.taken.lock().unwrap() = keys.to_vec();
    }

    fn client(&self, rotating: &RotatingCredential) -> Client {
        let builder = Client::standard(&self.base).unwrap();
        let builder = builder.credentials(rotating.credentials().unwrap());
        builder.build().unwrap()
    }

    /// What one call ends in, and the keys that it brought.
    async fn ask(&self, client: &Client) -> (Option<ErrorKind>, Vec<String>) {
        let asked = client.get("/today").send().await;
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        (asked.err().map(|error| error.kind()), seen)
    }
}

async fn until(rig: &Rig, event: CredentialEvent) {
    for _ in 0..500 {
        if rig.events().contains(&event) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{event:?} does not come");
}

fn keys<const N: usize>(keys: [&str; N]) -> Vec<String> {
    keys.map(str::to_owned).into()
}

#[tokio::test]
async fn a_client_tries_the_next_one_promotes_it_and_goes_back() {
    let rig = rig();
    let weather = weather(&["old"]).await;
    let rotating = rig.put("old").await;
    let client = weather.client(&rotating);
    assert_eq!(weather.ask(&client).await, (None, keys(["old"])));

    // Not in force yet: the same call goes back, and the next ones leave it alone for a while.
    rotating.stage(api_key("new"), HOUR).await.unwrap();
    assert_eq!(weather.ask(&client).await, (None, keys(["new", "old"])));
    assert_eq!(rig.events(), [CredentialEvent::NextRefused { key: key() }]);
    assert_eq!(weather.ask(&client).await, (None, keys(["old"])));
    // The old one ends early: back to the next one, which is promoted.
    weather.takes(&["new"]);
    assert_eq!(weather.ask(&client).await, (None, keys(["old", "new"])));
    until(&rig, CredentialEvent::Promoted { key: key() }).await;
    assert_eq!(weather.ask(&client).await, (None, keys(["new"])));
    let stored = rig.keeper.get(&key()).await.unwrap().unwrap();
    assert_eq!(sent(&stored.pick().1.headers().unwrap()), "new");

    // Nothing left: the 401 is the answer, of one request.
    weather.takes(&[]);
    let refused = weather.ask(&client).await;
    assert_eq!(refused, (Some(ErrorKind::Unauthenticated), keys(["new"])));
    assert_eq!(rig.events(), [CredentialEvent::Refused { key: key() }]);
}

#[tokio::test]
async fn a_client_tells_that_both_are_refused() {
    let refused = || CredentialEvent::Refused { key: key() };
    let next_refused = || CredentialEvent::NextRefused { key: key() };
    let none = |sent| (Some(ErrorKind::Unauthenticated), keys(sent));
    let rig = rig();
    let weather = weather(&[]).await;
    let rotating = rig.put("old").await;
    let client = weather.client(&rotating);
    rotating.stage(api_key("new"), HOUR).await.unwrap();
    assert_eq!(weather.ask(&client).await, none(["new", "old"]));
    assert_eq!(rig.events(), [next_refused(), refused()]);
    assert_eq!(weather.ask(&client).await, none(["old", "new"]));
    assert_eq!(rig.events(), [refused()]);

    // What was refused before says nothing of the one that is staged in its place.
    rotating.stage(api_key("newer"), HOUR).await.unwrap();
    weather.takes(&["newer"]);
    assert_eq!(weather.ask(&client).await, (None, keys(["newer"])));
    until(&rig, CredentialEvent::Promoted { key: key() }).await;
    rotating.stage(api_key("newest"), HOUR).await.unwrap();
    assert_eq!(
        weather.ask(&client).await,
        (None, keys(["newest", "newer"]))
    );
    weather.takes(&["newest"]);
    assert_eq!(
        weather.ask(&client).await,
        (None, keys(["newer", "newest"]))
    );
    assert!(!rig.events().contains(&refused()));
}

#[tokio::test]
async fn a_client_finds_what_another_process_has_staged() {
    let rig = rig();
    let weather = weather(&["old"]).await;
    let rotating = rig.put("old").await;
    let client = weather.client(&rotating);
    let other = rig.keeper.get(&key()).await.unwrap().unwrap();
    other.stage(api_key("new"), HOUR).await.unwrap();
    weather.takes(&["new"]);
    assert_eq!(weather.ask(&client).await, (None, keys(["old", "new"])));
    until(&rig, CredentialEvent::Promoted { key: key() }).await;
    assert_eq!(weather.ask(&client).await, (None, keys(["new"])));
}

#[tokio::test]
async fn a_client_sends_the_headers_of_one_version_and_no_other() {
    let rig = rig();
    let weather = weather(&["i2"]).await;
    let pair = Credential::header([("x-app-id", "i1"), ("x-app-key", "s1")]);
    let rotating = rig.keeper.put(&key(), pair).await.unwrap();
    let client = weather.client(&rotating);
    rotating.stage(api_key("other"), HOUR).await.unwrap();
    let refused = weather.ask(&client).await;
    let sent = keys(["other", "i1 s1"]);
    assert_eq!(refused, (Some(ErrorKind::Unauthenticated), sent));

    let two_step = Credential::two_step([("key", "k")]);
    let rotating = rig.keeper.put(&key(), two_step).await.unwrap();
    let error = rotating.credentials().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_client_warns_of_a_credential_that_is_old_and_shows_none() {
    let rig = rig();
    let keeper = rig.keeper.clone().with_max_age(Duration::ZERO);
    let clock = TestClock::at(DAY * 20_001);
    let keeper = keeper.with_clock(Arc::new(clock));
    rig.put("canary-old").await;
    let rotating = keeper.get(&key()).await.unwrap().unwrap();
    let weather = weather(&["canary-old"]).await;
    let client = weather.client(&rotating);
    assert_eq!(weather.ask(&client).await.0, None);
    let events = rig.events();
    assert!(
        matches!(&events[..], [CredentialEvent::Old { .. }]),
        "{events:?}"
    );
    weather.takes(&[]);
    let error = client.get("/").send().await.unwrap_err();
    let shown = format!("{error:?} {client:?} {rotating:?}");
    assert!(!shown.contains("canary"), "{shown}");
}
