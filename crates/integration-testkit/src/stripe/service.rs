//! The way of a request: faults, whose ledger it is for, and its idempotency key.

use std::collections::{BTreeMap, HashMap};

use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    cycle,
    fault::Faults,
    refusal::{Refusal, Result},
    request::Request,
    routes,
    world::{World, public, take},
};
use crate::{Received, Reply};

/// Stripe: the ledger of the platform, and one for each connected account.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) platform: World,
    connected: BTreeMap<String, World>,
    /// What was answered to writes, by account and idempotency key.
    saved: HashMap<(Option<String>, String), Saved>,
    pub(super) faults: Faults,
    requests: u64,
    offset: i64,
}

#[derive(Debug)]
struct Saved {
    fingerprint: (String, Vec<u8>),
    /// Until then the first request is under way.
    until: Instant,
    answer: (u16, Value),
}

impl Service {
    pub(super) fn answer(&mut self, received: &Received) -> Reply {
        self.requests += 1;
        let fault = self.faults.take();
        if let Some(fault) = fault.filter(|fault| !fault.is_executed()) {
            return fault.reply(Reply::status(500));
        }
        let request = Request::read(received);
        let until = received.at + fault.map_or_else(Default::default, |fault| fault.lasts());
        let ((status, body), is_replayed) = self.once(&request, received.at, until);
        let mut reply = Reply::status(status)
            .header("content-type", "application/json")
            .header("request-id", &format!("req_{:08}", self.requests))
            .body(body.to_string());
        if let Some(account) = &request.account {
            reply = reply.header("stripe-account", account);
        }
        if let Some(key) = &request.key {
            reply = reply.header("idempotency-key", key);
        }
        if is_replayed {
            reply = reply.header("idempotent-replayed", "true");
        }
        fault.map_or(reply.clone(), |fault| fault.reply(reply))
    }

    /// Executes a request once for its idempotency key. Tells whether the answer is an earlier one.
    fn once(&mut self, request: &Request, at: Instant, until: Instant) -> ((u16, Value), bool) {
        if !request.is_authorized {
            return (failed(Refusal::unauthorized()), false);
        }
        let key = request.key.clone();
        let key = key.map(|key| (request.account.clone(), key));
        if let Some(saved) = key.as_ref().and_then(|key| self.saved.get(key)) {
            return match (saved.fingerprint == request.fingerprint, at < saved.until) {
                (false, _) => (failed(Refusal::mismatch()), false),
                (true, true) => (failed(Refusal::in_use()), false),
                (true, false) => (saved.answer.clone(), true),
            };
        }
        let answer = self
            .execute(request)
            .map_or_else(failed, |body| (200, body));
        // Stripe does not keep what failed before it began.
        if let Some(key) = key.filter(|_| matches!(answer.0, 200 | 402)) {
            let saved = Saved {
                fingerprint: request.fingerprint.clone(),
                until,
                answer: answer.clone(),
            };
            self.saved.insert(key, saved);
        }
        (answer, false)
    }

    fn execute(&mut self, request: &Request) -> Result {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        if path == ["accounts"] && request.method == Method::POST && request.account.is_none() {
            return self.open(request);
        }
        let id = format!("req_{:08}", self.requests);
        let Some(world) = self.ledger_mut(request.account.as_deref()) else {
            let account = request.account.as_deref().unwrap_or_default();
            return Err(Refusal::no_access(account));
        };
        world.begin(Some(&id), request.key.as_deref());
        let mark = world.mark();
        let mut body = routes::dispatch(world, request).inspect_err(|refusal| {
            // What is refused leaves nothing behind; what was tried and failed does.
            if refusal.status != 402 {
                world.forget_since(mark);
            }
        })?;
        for path in request.params.texts("expand") {
            world.expand(&mut body, path);
        }
        Ok(public(&body))
    }

    /// Opens a connected account, with a ledger of its own.
    fn open(&mut self, request: &Request) -> Result {
        let params = &request.params;
        let mut account = json!({
            "type": params.given("type").unwrap_or("none"),
            "country": params.given("country").unwrap_or("US"),
            "email": null,
            "charges_enabled": true,
            "payouts_enabled": true,
            "details_submitted": true,
        });
        take(&mut account, params, &["email"]);
        self.platform.freeze(None);
        let id = self.platform.add("acct", "account", account);
        self.connect(&id);
        self.platform.whole(&id).map(|account| public(&account))
    }

    pub(super) fn connect(&mut self, account: &str) {
        let number = 1 + u64::try_from(self.connected.len()).unwrap_or_default();
        if self.platform.get(account).is_none() {
            let object = json!({"type": "none", "charges_enabled": true});
            self.platform.add_as(account, "account", object);
        }
        let world = World::connected(account, number, self.offset);
        self.connected.entry(account.to_owned()).or_insert(world);
    }

    /// The ledger of an account; that of the platform without one.
    pub(super) fn ledger(&self, account: Option<&str>) -> Option<&World> {
        match account {
            None => Some(&self.platform),
            Some(account) => self.connected.get(account),
        }
    }

    pub(super) fn ledger_mut(&mut self, account: Option<&str>) -> Option<&mut World> {
        match account {
            None => Some(&mut self.platform),
            Some(account) => self.connected.get_mut(account),
        }
    }

    pub(super) fn ledgers_mut(&mut self) -> impl Iterator<Item = &mut World> {
        std::iter::once(&mut self.platform).chain(self.connected.values_mut())
    }

    /// Lets time pass for all that stands on no test clock.
    pub(super) fn advance(&mut self, seconds: i64) {
        self.offset = self.offset.saturating_add(seconds);
        for world in self.ledgers_mut() {
            world.begin(None, None);
            world.move_on(seconds);
            let now = world.now();
            cycle::run(world, None, now);
        }
    }
}

fn failed(refusal: Refusal) -> (u16, Value) {
    (refusal.status, public(&json!({"error": refusal.error})))
}
