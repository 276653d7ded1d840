//! Where an issuer says that its keys are.

use std::time::Duration;

use integration_core::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::fetch::Getter;
use crate::{address, strict_json};

/// How long the address of the keys is believed.
const BELIEVED: Duration = Duration::from_secs(60 * 60);

#[derive(Debug)]
pub(super) struct Discovery {
    /// To the letter, as the document must have it.
    issuer: String,
    url: Url,
    /// Found before, and until when that holds.
    found: Mutex<Option<(Url, Instant)>>,
}

impl Discovery {
    pub(super) fn new(issuer: &str) -> Result<Self> {
        Ok(Self {
            url: address::configured(issuer)?,
            issuer: issuer.to_owned(),
            found: Mutex::default(),
        })
    }

    /// Returns the address of the keys, asked for if it was not lately.
    pub(super) async fn find(&self, now: Instant, getter: &Getter) -> Result<Url> {
        let found = self.found.lock().clone();
        if let Some((url, until)) = found
            && now < until
        {
            return Ok(url);
        }
        let url = self.ask(getter).await?;
        *self.found.lock() = Some((url.clone(), now + BELIEVED));
        Ok(url)
    }

    /// Keys could not be fetched there: they may have moved.
    pub(super) fn forget(&self) {
        *self.found.lock() = None;
    }

    /// Reads the document of OpenID Connect, or, where there is none, that of RFC 8414.
    async fn ask(&self, getter: &Getter) -> Result<Url> {
        let path = self.url.path().trim_end_matches('/');
        let at = |path: &str| {
            let mut url = self.url.clone();
            url.set_path(path);
            url
        };
        let openid = at(&format!("{path}/.well-known/openid-configuration"));
        let answer = match getter.get(&openid, "jwt.discover").await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let oauth = at(&format!("/.well-known/oauth-authorization-server{path}"));
                getter.get(&oauth, "jwt.discover").await?
            }
            answer => answer?,
        };
        self.read(answer.body())
    }

    fn read(&self, document: &[u8]) -> Result<Url> {
        let document = strict_json::object(document).map_err(|_| mistake("is no JSON object"))?;
        let text = |name| document.get(name).and_then(Value::as_str);
        if text("issuer") != Some(&self.issuer) {
            return Err(mistake(
                "is of another issuer: its `issuer` must be ours to the letter",
            ));
        }
        let named = text("jwks_uri").ok_or_else(|| mistake("has no `jwks_uri`"))?;
        address::named_by(&self.url, named)
    }
}

fn mistake(what: &str) -> Error {
    Error::new(ErrorKind::Decode, "jwt.discover").with_message(format!("discovery document {what}"))
}
