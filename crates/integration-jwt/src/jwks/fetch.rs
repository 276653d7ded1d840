//! One fetch: where the keys are, and the keys.

use std::time::Duration;

use integration_core::{
    Error, ErrorKind, Result,
    http::{Client, Response},
};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::address;
use crate::{key_set::KeySet, limits::MAX_DOCUMENT, strict_json};

/// How long the address of the keys is believed.
const REDISCOVER: Duration = Duration::from_secs(60 * 60);

#[derive(Debug)]
pub(super) struct Source {
    issuer: String,
    url: Url,
    place: Place,
    http: Client,
}

#[derive(Debug)]
enum Place {
    Known(Url),
    /// Found before, and until when that holds.
    Discovered(Mutex<Option<(Url, Instant)>>),
}

impl Source {
    pub(super) fn new(issuer: &str, keys: Option<&str>, http: Client) -> Result<Self> {
        let place = match keys {
            Some(keys) => Place::Known(address::configured(keys)?),
            None => Place::Discovered(Mutex::default()),
        };
        let url = match keys {
            // An issuer whose keys are elsewhere may have any name: Google's has no scheme.
            Some(keys) => address::configured(keys)?,
            None => address::configured(issuer)?,
        };
        let issuer = issuer.to_owned();
        Ok(Self {
            issuer,
            url,
            place,
            http,
        })
    }

    /// Fetches the keys once; a failure forgets where they are.
    pub(super) async fn keys(&self, now: Instant, timeout: Duration) -> Result<KeySet> {
        let at = self.locate(now, timeout).await?;
        let fetched = self.fetch(&at, timeout).await;
        if let (Err(_), Place::Discovered(found)) = (&fetched, &self.place) {
            *found.lock() = None;
        }
        fetched
    }

    async fn fetch(&self, at: &Url, timeout: Duration) -> Result<KeySet> {
        let answer = self.get(at.as_str(), "jwt.jwks.fetch", timeout).await?;
        let keys = KeySet::from_jwks(answer.body())?.without_secrets();
        match keys.is_empty() {
            true => Err(mistake("key set holds no key that can be used").with_url(at.as_str())),
            false => Ok(keys),
        }
    }

    async fn locate(&self, now: Instant, timeout: Duration) -> Result<Url> {
        let found = match &self.place {
            Place::Known(url) => return Ok(url.clone()),
            Place::Discovered(found) => found,
        };
        if let Some((url, until)) = &*found.lock()
            && now < *until
        {
            return Ok(url.clone());
        }
        let url = self.discover(timeout).await?;
        *found.lock() = Some((url.clone(), now + REDISCOVER));
        Ok(url)
    }

    /// Reads the document of OpenID Connect discovery, or, where there is none, that of RFC 8414.
    async fn discover(&self, timeout: Duration) -> Result<Url> {
        let issuer = self.issuer.trim_end_matches('/');
        let openid = format!("{issuer}/.well-known/openid-configuration");
        let answer = match self.get(&openid, "jwt.discover", timeout).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mut oauth = self.url.clone();
                let path = self.url.path().trim_end_matches('/');
                oauth.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
                self.get(oauth.as_str(), "jwt.discover", timeout).await?
            }
            answer => answer?,
        };
        let document = strict_json::object(answer.body())
            .map_err(|_| mistake("discovery document is no JSON object"))?;
        if document.get("issuer").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(mistake(
                "discovery document is of another issuer: its `issuer` must be ours to the letter",
            ));
        }
        let named = document.get("jwks_uri").and_then(Value::as_str);
        address::named_by(
            &self.url,
            named.ok_or_else(|| mistake("discovery document has no `jwks_uri`"))?,
        )
    }

    /// One attempt: the pace of fetches is what repeats it.
    async fn get(&self, url: &str, operation: &'static str, timeout: Duration) -> Result<Response> {
        let request = self.http.get(url).operation(operation).max_attempts(1);
        let request = request
            .deadline(timeout)
            .attempt_timeout(timeout)
            .body_limit(MAX_DOCUMENT);
        request.header("accept", "application/json").send().await
    }
}

fn mistake(what: &'static str) -> Error {
    Error::new(ErrorKind::Decode, "jwt.jwks").with_message(what)
}
