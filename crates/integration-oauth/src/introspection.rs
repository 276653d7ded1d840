//! What a server says of a token that somebody brought (RFC 7662).

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use integration_core::{ExposeSecret as _, Result, SecretString, SharedClock};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{
    limits::MAX_INTROSPECTED,
    provider::{Form, Provider, Spends, needed},
    scopes::Scopes,
    tokens::answer,
};

const OPERATION: &str = "oauth.introspect";

/// How long an answer is used again. A token that is revoked meanwhile is taken for so long.
pub(crate) const DEFAULT_TTL: Duration = Duration::from_secs(30);

/// What a server says of a token.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Introspection {
    /// Whether it may be used. If not, nothing else is said.
    pub is_active: bool,
    /// What it may do.
    pub scopes: Scopes,
    /// Whose client it was issued to.
    pub client_id: Option<String>,
    /// About whom it is.
    pub subject: Option<String>,
    /// Whom it is for; empty if the server does not say.
    pub audience: Vec<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// When it expires, since the Unix epoch.
    pub expires_at: Option<Duration>,
    /// The thumbprint of the key it is bound to (`DPoP`): a request with it needs a proof.
    pub key_thumbprint: Option<String>,
    /// The thumbprint of the certificate it is bound to (RFC 8705).
    pub certificate_thumbprint: Option<String>,
    /// All that the server says.
    pub all: Map<String, Value>,
}

impl Introspection {
    fn read(all: Map<String, Value>) -> Self {
        let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
        let bound = |name: &str| {
            let cnf = all.get("cnf")?.get(name)?;
            cnf.as_str().map(str::to_owned)
        };
        let audience = match all.get("aud") {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(list)) => list
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        };
        Self {
            is_active: all.get("active") == Some(&Value::Bool(true)),
            scopes: text("scope").map_or_else(Scopes::default, |scope| Scopes::parse(&scope)),
            client_id: text("client_id"),
            subject: text("sub"),
            audience,
            issuer: text("iss"),
            expires_at: all
                .get("exp")
                .and_then(Value::as_u64)
                .map(Duration::from_secs),
            key_thumbprint: bound("jkt"),
            certificate_thumbprint: bound("x5t#S256"),
            all,
        }
    }

    fn is_alive(&self, unix: Duration) -> bool {
        !self.is_active || self.expires_at.is_none_or(|at| unix < at)
    }
}

/// Answers by the hash of their token, so that no token is kept.
#[derive(Default)]
pub(crate) struct Answers(Mutex<HashMap<[u8; 32], Kept>>);

/// An answer, and until when it may be given again.
type Kept = (Arc<Introspection>, Instant);

impl Answers {
    fn get(&self, id: &[u8; 32], clock: &SharedClock) -> Option<Arc<Introspection>> {
        let answers = self.0.lock();
        let (answer, until) = answers.get(id)?;
        let is_fresh = clock.now() < *until && answer.is_alive(clock.unix());
        is_fresh.then(|| Arc::clone(answer))
    }

    fn put(&self, id: [u8; 32], answer: Arc<Introspection>, until: Instant, now: Instant) {
        let mut answers = self.0.lock();
        if answers.len() >= MAX_INTROSPECTED && !answers.contains_key(&id) {
            answers.retain(|_, (_, until)| now < *until);
        }
        // A flood of tokens displaces answers, whichever comes first.
        while answers.len() >= MAX_INTROSPECTED && !answers.contains_key(&id) {
            let Some(any) = answers.keys().next().copied() else {
                break;
            };
            answers.remove(&any);
        }
        answers.insert(id, (answer, until));
    }
}

impl Provider {
    /// Asks what a token is, for an API whose tokens say nothing themselves.
    ///
    /// An answer is used again for 30 s, or as
    /// [`introspection_ttl`](crate::ProviderBuilder::introspection_ttl) says, but not beyond the
    /// expiry of the token. Whether the token is for this API, and what it may do, is for the caller
    /// to check.
    ///
    /// `POST` to the introspection endpoint. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the server has no such endpoint; those of
    /// the call. A token that is not active is no error.
    ///
    /// [RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)
    pub async fn introspect(&self, token: &SecretString) -> Result<Arc<Introspection>> {
        let inner = &*self.inner;
        let mut id = [0; 32];
        id.copy_from_slice(digest(&SHA256, token.expose_secret().as_bytes()).as_ref());
        if let Some(answer) = inner.introspected.get(&id, &inner.clock) {
            return Ok(answer);
        }
        let known = self.metadata().await?;
        let url = needed(
            OPERATION,
            known.introspect.as_ref(),
            "introspection endpoint",
        )?;
        let mut form = Form::default();
        form.set("token", token.expose_secret());
        let (now, unix) = (inner.clock.now(), inner.clock.unix());
        let came = inner
            .post(OPERATION, url, &known, form, Spends::Nothing, None)
            .await?;
        let members = answer::members(OPERATION, &came, &inner.preset, unix)?;
        if !members.get("active").is_some_and(Value::is_boolean) {
            return Err(answer::unreadable(
                OPERATION,
                &came,
                "answer does not say `active`",
            ));
        }
        let answer = Arc::new(Introspection::read(members));
        let until = now + inner.introspection_ttl;
        inner.introspected.put(id, Arc::clone(&answer), until, now);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use integration_core::{Clock as _, SystemClock};

    use super::*;

    #[test]
    fn a_flood_of_tokens_does_not_grow_the_memory() {
        let answers = Answers::default();
        let now = SystemClock.now();
        let answer = Arc::new(Introspection::read(Map::new()));
        for n in 0..2 * MAX_INTROSPECTED {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&n.to_le_bytes());
            answers.put(id, Arc::clone(&answer), now + DEFAULT_TTL, now);
        }
        assert_eq!(answers.0.lock().len(), MAX_INTROSPECTED);
    }
}
