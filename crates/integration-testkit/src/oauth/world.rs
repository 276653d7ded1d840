//! All that the server knows, and the way of a request to it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io,
};

use http::Method;
use serde_json::json;

use super::{
    answer::Answer,
    client::MockClient,
    device::Device,
    family::{Families, Grant, Rules},
    fault::{Faults, Kind},
    keys::SigningKey,
    request::{Params, Refusal, Request, Result},
    settings::MockAuthBuilder,
};
use crate::{Received, Reply};

/// What the server knows.
pub(super) struct World {
    pub(super) settings: MockAuthBuilder,
    pub(super) issuer: String,
    /// The one that signs is the last.
    pub(super) keys: Vec<SigningKey>,
    pub(super) clients: HashMap<String, MockClient>,
    pub(super) codes: HashMap<String, Code>,
    /// Requests that were pushed, by their address.
    pub(super) pushed: HashMap<String, (Params, u64)>,
    pub(super) devices: HashMap<String, Device>,
    pub(super) families: Families,
    pub(super) access: HashMap<String, Access>,
    pub(super) used_jtis: HashSet<String>,
    pub(super) faults: Faults,
    /// Requests by path, and exchanges by the name of their grant.
    pub(super) counts: BTreeMap<String, usize>,
    /// Seconds by which its clock is ahead of the one it was given.
    pub(super) ahead: i64,
    /// What the next login is refused with.
    pub(super) denial: Option<String>,
    /// What is granted whatever is asked for.
    pub(super) only_scopes: Option<Vec<String>>,
    made: u64,
}

/// A code that can be exchanged once.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) expires_at: u64,
    /// What it was exchanged for: used again, that is revoked.
    pub(super) family: Option<usize>,
}

/// An access token that was handed out.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) grant: Grant,
    pub(super) family: Option<usize>,
    pub(super) expires_at: u64,
    pub(super) is_revoked: bool,
}

impl World {
    pub(super) fn new(settings: MockAuthBuilder) -> io::Result<Self> {
        let key = SigningKey::generate(settings.algorithm, "key-1".to_owned())?;
        let clients = settings.clients.iter();
        let clients = clients.map(|client| (client.id.clone(), client.clone()));
        Ok(Self {
            clients: clients.collect(),
            settings,
            issuer: String::new(),
            keys: vec![key],
            codes: HashMap::new(),
            pushed: HashMap::new(),
            devices: HashMap::new(),
            families: Families::default(),
            access: HashMap::new(),
            used_jtis: HashSet::new(),
            faults: Faults::default(),
            counts: BTreeMap::new(),
            ahead: 0,
            denial: None,
            only_scopes: None,
            made: 0,
        })
    }

    pub(super) fn answer(&mut self, received: &Received) -> Reply {
        let request = Request::read(received);
        self.count(&request.path);
        let fault = self.faults.take(&request.path);
        if let Some(Kind::Before(reply)) = fault {
            return reply;
        }
        let result = self.dispatch(&request);
        match (fault, result) {
            (Some(Kind::Before(reply) | Kind::After(reply)), _) => reply,
            (Some(Kind::Dressed(quirk)), Ok(answer)) => quirk.dress(answer),
            (Some(Kind::Late(time)), Ok(answer)) => answer.reply().delay(time),
            (Some(Kind::Late(time)), Err(refusal)) => refusal.reply().delay(time),
            (None, Ok(answer)) => answer.reply(),
            (_, Err(refusal)) => refusal.reply(),
        }
    }

    fn dispatch(&mut self, request: &Request) -> Result<Answer> {
        let is_post = request.method == Method::POST;
        match (is_post, request.path.as_str()) {
            (
                false,
                "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server",
            ) => Ok(Answer::ok(self.metadata())),
            (false, "/jwks") => {
                let keys: Vec<_> = self.keys.iter().map(SigningKey::jwk).collect();
                Ok(Answer::ok(json!({ "keys": keys })))
            }
            (_, "/authorize") => Ok(self.authorize(request)),
            (true, "/par") => self.push(request),
            (true, "/token") => self.exchange(request).map(Answer::ok),
            (true, "/device_authorization") => self.begin_device(request).map(Answer::ok),
            (true, "/introspect") => self.introspect(request).map(Answer::ok),
            (true, "/revoke") => self.revoke(request),
            (_, "/userinfo") => self.userinfo(request).map(Answer::ok),
            (_, "/resource") => self.resource(request).map(Answer::ok),
            (true, "/register") => {
                let body = self.register(request)?;
                Ok(Answer::Json { status: 201, body })
            }
            (_, "/end_session") => self.end_session(request),
            (_, path) => Err(Refusal::new(
                404,
                "not_found",
                &format!("there is no {path}"),
            )),
        }
    }

    pub(super) fn count(&mut self, name: &str) {
        *self.counts.entry(name.to_owned()).or_default() += 1;
    }

    /// Seconds since the Unix epoch, by the clock of the server.
    pub(super) fn now(&self) -> u64 {
        let now = self.settings.clock.unix().as_secs();
        now.saturating_add_signed(self.ahead)
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// A text that nobody had before, which begins with what it is.
    pub(super) fn fresh(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{}-{:016x}", self.made, fastrand::u64(..))
    }

    pub(super) fn rules(&self) -> Rules {
        Rules {
            rotation: self.settings.rotation,
            reuse_window: self.settings.reuse_window.as_secs(),
            max_age: self.settings.refresh_max_age.map(|age| age.as_secs()),
        }
    }

    /// What is granted of what is asked for.
    pub(super) fn granted(&self, asked: Vec<String>) -> Vec<String> {
        match &self.only_scopes {
            Some(only) => only.clone(),
            None => asked,
        }
    }

    pub(super) fn rotate_keys(&mut self, keep_old: bool) -> io::Result<()> {
        self.made += 1;
        let key = SigningKey::generate(self.settings.algorithm, format!("key-{}", self.made + 1))?;
        if !keep_old {
            self.keys.clear();
        }
        self.keys.push(key);
        Ok(())
    }

    pub(super) fn sign(&self, typ: &str, claims: &serde_json::Value) -> io::Result<String> {
        let key = self.keys.last();
        let key = key.ok_or_else(|| io::Error::other("there is no key"))?;
        key.sign(typ, claims)
    }
}
