use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use integration_core::{Clock, Error, ErrorKind, ExposeSecret, Result, SecretString, SystemClock};
use integration_jwt::{Binding, Claims};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use crate::{
    grants::DeviceLogin,
    login::{
        begin::{Begun, Wish, begin},
        callback::Callback,
        cookie::BrowserCookie,
        desk::Desk,
        finish::{Completed, complete, take},
        refusal::LoginRefusal,
        remote::{Ask, Asking, Code, Remote, Server},
    },
    preset::Preset,
    scopes::Scopes,
    seal::{Slot, Vault},
    store::FlowStore,
    tokens::TokenSet,
};

pub(super) const ISSUER: &str = "https://as.example.test";

/// A provider that answers at once and remembers what it was asked.
#[derive(Debug, Default)]
pub(super) struct Fake {
    pub(super) preset: Preset,
    pub(super) server: Server,
    pub(super) tokens: Mutex<Option<TokenSet>>,
    pub(super) userinfo: Option<Value>,
    pub(super) codes: Mutex<Vec<String>>,
    pub(super) verifiers: Mutex<Vec<Option<String>>>,
    pub(super) userinfos: Mutex<u32>,
}

impl Fake {
    pub(super) fn new() -> Self {
        let mut tokens = TokenSet::new("access");
        tokens.extra.insert("sub".to_owned(), "alice".into());
        Self {
            preset: Preset {
                name: "demo".to_owned(),
                ..Preset::default()
            },
            server: Server {
                issuer: Some(ISSUER.to_owned()),
                ..Server::default()
            },
            tokens: Mutex::new(Some(tokens)),
            ..Self::default()
        }
    }

    pub(super) fn codes(&self) -> Vec<String> {
        self.codes.lock().unwrap().clone()
    }
}

impl Remote for Fake {
    fn preset(&self) -> &Preset {
        &self.preset
    }

    fn client_id(&self) -> &str {
        "client-1"
    }

    fn redirect_uri(&self) -> Option<&str> {
        Some("https://app.example.test/callback/demo")
    }

    fn server(&self) -> Asking<'_, Server> {
        at_once(Ok(self.server.clone()))
    }

    fn new_dpop_key(&self) -> Result<Option<SecretString>> {
        Ok(None)
    }

    fn authorize_url<'a>(&'a self, ask: &'a Ask<'_>) -> Asking<'a, Url> {
        let mut url = Url::parse(ISSUER).unwrap();
        let mut query = url.query_pairs_mut();
        query.append_pair("state", ask.state);
        query.append_pair("challenge", ask.challenge.as_deref().unwrap_or_default());
        query.append_pair("scope", &ask.scopes.to_string());
        query.append_pair("nonce", ask.nonce.map_or("", |nonce| nonce));
        drop(query);
        at_once(Ok(url))
    }

    fn device(&self, _: Scopes) -> Asking<'_, DeviceLogin> {
        at_once(Err(Error::new(ErrorKind::Config, "oauth.device")))
    }

    fn exchange<'a>(&'a self, code: &'a Code<'_>) -> Asking<'a, TokenSet> {
        self.codes.lock().unwrap().push(code.code.to_owned());
        let verifier = code.verifier.map(str::to_owned);
        self.verifiers.lock().unwrap().push(verifier);
        let tokens = self.tokens.lock().unwrap().clone();
        at_once(tokens.ok_or_else(|| Error::new(ErrorKind::Unavailable, "oauth.exchange")))
    }

    fn check_id_token<'a>(&'a self, _: &'a str, _: &'a Binding) -> Asking<'a, Claims> {
        at_once(Err(LoginRefusal::BadIdToken.into()))
    }

    fn userinfo<'a>(&'a self, _: &'a TokenSet) -> Asking<'a, Option<Value>> {
        *self.userinfos.lock().unwrap() += 1;
        at_once(Ok(self.userinfo.clone()))
    }
}

fn at_once<'a, T: Send + 'a>(answer: Result<T>) -> Asking<'a, T> {
    Box::pin(std::future::ready(answer))
}

/// Keeps flows, and tells how often it was asked.
#[derive(Debug, Default)]
pub(super) struct Flows {
    kept: Mutex<HashMap<[u8; 32], Vec<u8>>>,
    pub(super) takes: Mutex<u32>,
}

#[async_trait]
impl FlowStore for Flows {
    async fn put(&self, id: [u8; 32], sealed: Vec<u8>, _: Duration) -> Result<()> {
        self.kept.lock().unwrap().insert(id, sealed);
        Ok(())
    }

    async fn take(&self, id: [u8; 32]) -> Result<Option<Vec<u8>>> {
        *self.takes.lock().unwrap() += 1;
        Ok(self.kept.lock().unwrap().remove(&id))
    }
}

impl Flows {
    /// Makes two logins answer for each other.
    pub(super) fn swap(&self) {
        let mut kept = self.kept.lock().unwrap();
        let mut values: Vec<_> = kept.values().cloned().collect();
        values.reverse();
        for (place, value) in kept.values_mut().zip(values) {
            *place = value;
        }
    }
}

/// Hides nothing, but opens in its slot alone.
#[derive(Debug)]
struct Glass;

#[async_trait]
impl Vault for Glass {
    async fn seal(&self, slot: &Slot<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = format!("{slot:?}\n").into_bytes();
        sealed.extend_from_slice(plain);
        Ok(sealed)
    }

    async fn open(&self, slot: &Slot<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let plain = sealed.strip_prefix(format!("{slot:?}\n").as_bytes());
        let plain = plain.ok_or_else(|| Error::new(ErrorKind::Decode, "oauth.open"))?;
        Ok(Zeroizing::new(plain.to_vec()))
    }
}

#[derive(Debug)]
struct Fixed(Mutex<Duration>);

impl Clock for Fixed {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

pub(super) struct Office {
    pub(super) desk: Desk,
    pub(super) flows: Arc<Flows>,
    clock: Arc<Fixed>,
}

impl Office {
    pub(super) fn new() -> Self {
        let flows = Arc::new(Flows::default());
        let clock = Arc::new(Fixed(Mutex::new(Duration::from_secs(1_800_000_000))));
        Self {
            desk: Desk {
                flows: flows.clone(),
                vault: Arc::new(Glass),
                clock: clock.clone(),
            },
            flows,
            clock,
        }
    }

    pub(super) fn wait(&self, time: Duration) {
        *self.clock.0.lock().unwrap() += time;
    }

    pub(super) async fn begin(&self, remote: &Fake) -> Begun {
        begin(&self.desk, remote, wish()).await.unwrap()
    }

    pub(super) async fn finish(&self, remote: &Fake, callback: &Callback) -> Result<Completed> {
        let flow = take(&self.desk, callback).await?;
        complete(remote, flow, callback).await
    }
}

pub(super) fn wish() -> Wish {
    Wish {
        provider: "demo".to_owned(),
        tenant: "acme".to_owned(),
        return_to: Some("/next".to_owned()),
        ..Wish::default()
    }
}

/// The fields of the address that the browser was sent to.
pub(super) fn sent(begun: &Begun) -> BTreeMap<String, String> {
    begun.url.query_pairs().into_owned().collect()
}

/// What comes back from the browser that began the login, with further fields.
pub(super) fn back(begun: &Begun, fields: &str) -> Callback {
    let state = &sent(begun)["state"];
    let callback = Callback::query(&format!("state={state}&{fields}")).unwrap();
    match &begun.cookie {
        Some(cookie) => callback.cookies(&pair(cookie)),
        None => callback,
    }
}

fn pair(cookie: &BrowserCookie) -> String {
    let set = cookie.set_cookie();
    set.split_once(';').unwrap().0.to_owned()
}

pub(super) fn refusal<T>(result: Result<T>) -> LoginRefusal {
    let Err(error) = result else {
        panic!("it was not refused")
    };
    *error.provider::<LoginRefusal>().unwrap()
}

pub(super) fn secret(text: &SecretString) -> &str {
    text.expose_secret()
}
