//! Who logged in, as the server says it (OpenID Connect Core, 5.3).

use integration_core::{ExposeSecret as _, Result, http::Method};
use integration_jwt::Claims;
use serde_json::{Map, Value};
use url::Url;

use crate::{
    dpop::{self, DpopProof},
    provider::{Metadata, Provider, needed},
    tokens::{
        TokenSet,
        answer::{self, Answer},
        identity,
    },
};

const OPERATION: &str = "oauth.userinfo";

impl Provider {
    /// Asks who logged in.
    ///
    /// An answer about somebody else than the ID token of these tokens is refused; a signed answer
    /// is judged like an ID token. `GET`, with the access token. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) when the access token is not taken; [`ErrorKind::Decode`](crate::ErrorKind::Decode) when
    /// the answer is about somebody else, or no such answer; [`ErrorKind::Config`](crate::ErrorKind::Config) when the server
    /// has no such endpoint.
    ///
    /// [OpenID Connect Core, 5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo)
    pub async fn userinfo(&self, tokens: &TokenSet) -> Result<Map<String, Value>> {
        let known = self.metadata().await?;
        let url = needed(OPERATION, known.userinfo.as_ref(), "userinfo endpoint")?;
        let came = self.resource(url, tokens).await?;
        let claims = self.read_userinfo(&came, &known).await?;
        let known = tokens.id_token.as_ref().and_then(identity::claims);
        let subject = known.as_ref().and_then(|known| known.get("sub"));
        if subject.is_some() && subject != claims.get("sub") {
            let what = "answer is about somebody else than the ID token";
            return Err(answer::unreadable(OPERATION, &came, what));
        }
        Ok(claims)
    }

    async fn read_userinfo(&self, came: &Answer, known: &Metadata) -> Result<Map<String, Value>> {
        let kind = came.headers.get("content-type");
        let kind = kind
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if !kind.starts_with("application/jwt") || !came.status.is_success() {
            let unix = self.inner.clock.unix();
            return answer::members(OPERATION, came, &self.inner.preset, unix);
        }
        let token = std::str::from_utf8(&came.body).unwrap_or_default();
        let claims: Claims = self.judge(known)?.build()?.check(token.trim()).await?;
        Ok(claims.extra)
    }

    /// Calls a resource with the access token, and a proof where it is bound to a key.
    async fn resource(&self, url: &Url, tokens: &TokenSet) -> Result<Answer> {
        let inner = &*self.inner;
        let key = dpop::key_of(tokens)?;
        let token = &tokens.access_token;
        let mut nonce = None;
        loop {
            let mut request = inner.http.get(url.as_str());
            request = match &key {
                None => request.bearer(token),
                Some(key) => {
                    let (now, nonce) = (inner.clock.unix(), nonce.as_deref());
                    let proof =
                        DpopProof::for_request(key, &Method::GET, url, Some(token), nonce, now)?;
                    let value = format!("DPoP {}", token.expose_secret());
                    let request = request.header("authorization", value);
                    request.header(dpop::HEADER, proof)
                }
            };
            let came = inner.send(OPERATION, request, key.is_some()).await?;
            let is_first = nonce.is_none();
            if is_first && key.is_some() && dpop::wants_nonce(came.status, &came.headers) {
                nonce = dpop::nonce(&came.headers);
                continue;
            }
            return Ok(came);
        }
    }
}
