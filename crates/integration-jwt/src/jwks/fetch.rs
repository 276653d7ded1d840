//! One fetch: where the keys are, and the keys.

use std::time::Duration;

use integration_core::{
    Error, ErrorKind, Result,
    http::{Client, Response},
};
use tokio::time::{Instant, timeout};
use url::Url;

use super::discovery::Discovery;
use crate::{address, key_set::KeySet, limits::MAX_DOCUMENT};

#[derive(Debug)]
pub(super) struct Source {
    place: Place,
    getter: Getter,
}

#[derive(Debug)]
enum Place {
    Known(Url),
    Discovered(Discovery),
}

impl Source {
    /// `limit` is the time for one fetch, discovery included.
    pub(super) fn new(
        issuer: &str,
        keys: Option<&str>,
        http: Client,
        limit: Duration,
    ) -> Result<Self> {
        let place = match keys {
            Some(keys) => Place::Known(address::configured(keys)?),
            None => Place::Discovered(Discovery::new(issuer)?),
        };
        let getter = Getter { http, limit };
        Ok(Self { place, getter })
    }

    pub(super) async fn keys(&self, now: Instant) -> Result<KeySet> {
        let fetched = timeout(self.getter.limit, async {
            match &self.place {
                Place::Known(url) => self.fetch(url).await,
                Place::Discovered(discovery) => {
                    let url = discovery.find(now, &self.getter).await?;
                    let fetched = self.fetch(&url).await;
                    fetched.inspect_err(|_| discovery.forget())
                }
            }
        });
        let late = |_| Err(Error::new(ErrorKind::DeadlineExceeded, "jwt.jwks.fetch"));
        fetched.await.unwrap_or_else(late)
    }

    async fn fetch(&self, url: &Url) -> Result<KeySet> {
        let answer = self.getter.get(url, "jwt.jwks.fetch").await?;
        let keys = KeySet::from_jwks(answer.body())?.without_secrets();
        match keys.is_empty() {
            true => Err(Error::new(ErrorKind::Decode, "jwt.jwks.fetch")
                .with_message("key set holds no key that can be used")
                .with_url(url.as_str())),
            false => Ok(keys),
        }
    }
}

/// Gets documents of an issuer.
#[derive(Debug)]
pub(super) struct Getter {
    http: Client,
    limit: Duration,
}

impl Getter {
    /// One attempt: the pace of fetches is what repeats it.
    pub(super) async fn get(&self, url: &Url, operation: &'static str) -> Result<Response> {
        let request = self.http.get(url.as_str()).operation(operation);
        let request = request.max_attempts(1).hedge(false);
        let request = request.deadline(self.limit).attempt_timeout(self.limit);
        let request = request.body_limit(MAX_DOCUMENT);
        request.header("accept", "application/json").send().await
    }
}
