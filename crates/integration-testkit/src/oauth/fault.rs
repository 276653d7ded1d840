//! What goes wrong, and when.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use serde_json::json;

use super::quirk::Quirk;
use crate::Reply;

/// How a request to the mock server goes wrong.
#[derive(Clone, Debug)]
pub struct AuthFault(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Not executed, and answered so.
    Before(Reply),
    /// Executed, and answered so.
    After(Reply),
    /// Executed, and answered late.
    Late(Duration),
    /// Executed, and answered in another shape.
    Dressed(Quirk),
}

impl AuthFault {
    /// Not executed, and answered like this.
    #[must_use]
    pub fn before(reply: Reply) -> Self {
        Self(Kind::Before(reply))
    }

    /// Executed, and answered like this: whatever was handed out is lost.
    #[must_use]
    pub fn after(reply: Reply) -> Self {
        Self(Kind::After(reply))
    }

    /// Executed at once, and answered after this time.
    #[must_use]
    pub fn late(time: Duration) -> Self {
        Self(Kind::Late(time))
    }

    /// Executed, and answered in the shape of another server.
    #[must_use]
    pub fn quirk(quirk: Quirk) -> Self {
        Self(Kind::Dressed(quirk))
    }

    /// Executed, then the connection is reset.
    #[must_use]
    pub fn drop_after() -> Self {
        Self::after(Reply::reset())
    }

    /// Executed, then nothing comes: the client times out.
    #[must_use]
    pub fn silence_after() -> Self {
        Self::after(Reply::silence())
    }

    /// The connection is reset; not executed.
    #[must_use]
    pub fn drop_before() -> Self {
        Self::before(Reply::reset())
    }

    /// This status without a body; not executed.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::before(Reply::status(status))
    }

    /// 429 with `Retry-After`; not executed.
    #[must_use]
    pub fn throttled(seconds: u32) -> Self {
        let reply = Reply::status(429).header("retry-after", &seconds.to_string());
        Self::before(reply.body(r#"{"error":"rate_limited"}"#))
    }

    /// A page of a proxy, which says 200; not executed.
    #[must_use]
    pub fn html() -> Self {
        let page = "<!doctype html><title>Maintenance</title><p>Back soon.";
        Self::before(Reply::ok(page).header("content-type", "text/html; charset=utf-8"))
    }

    /// An error of OAuth, such as `invalid_client`; not executed.
    #[must_use]
    pub fn oauth(status: u16, error: &str) -> Self {
        let body = json!({"error": error, "error_description": "the fault plan says so"});
        let reply = Reply::status(status).header("content-type", "application/json");
        Self::before(reply.body(body.to_string()))
    }
}

/// The faults to come, by path.
#[derive(Debug, Default)]
pub(super) struct Faults {
    next: HashMap<String, VecDeque<AuthFault>>,
    lasting: HashMap<String, AuthFault>,
}

impl Faults {
    pub(super) fn inject(&mut self, path: &str, faults: impl IntoIterator<Item = AuthFault>) {
        self.next.entry(path.to_owned()).or_default().extend(faults);
    }

    pub(super) fn last(&mut self, path: &str, fault: AuthFault) {
        self.lasting.insert(path.to_owned(), fault);
    }

    pub(super) fn heal(&mut self) {
        *self = Self::default();
    }

    pub(super) fn take(&mut self, path: &str) -> Option<Kind> {
        let next = self.next.get_mut(path).and_then(VecDeque::pop_front);
        let fault = next.or_else(|| self.lasting.get(path).cloned());
        fault.map(|fault| fault.0)
    }
}
