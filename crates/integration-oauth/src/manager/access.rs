//! Tokens at hand, ready to be sent.

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderValue;
use integration_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    codec::Dated,
    errors::{TOKENS, unusable},
};
use crate::{
    connection::{ConnectionKey, ConnectionState},
    scopes::Scopes,
    tokens::TokenSet,
};

/// An access token, and what an API wants to know with it.
///
/// A clone is cheap. Nothing here shows the token.
#[derive(Clone)]
pub struct AccessToken(Arc<Access>);

struct Access {
    set: TokenSet,
    header: HeaderValue,
    version: u64,
}

impl AccessToken {
    fn new(set: &TokenSet, version: u64) -> Result<Self> {
        Ok(Self(Arc::new(Access {
            header: header_of(set)?,
            set: set.clone(),
            version,
        })))
    }

    /// Returns the token itself.
    #[must_use]
    pub fn secret(&self) -> &SecretString {
        &self.0.set.access_token
    }

    /// Returns how it is sent: `Bearer` or `DPoP`.
    #[must_use]
    pub fn token_type(&self) -> &str {
        &self.0.set.token_type
    }

    /// Whether it is worth nothing without a proof of its key.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.0.set.is_bound()
    }

    /// Returns the value of `Authorization`, marked as sensitive.
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.0.header
    }

    /// Returns when it expires, since the Unix epoch; `None` when it lasts until it is refused.
    #[must_use]
    pub fn expires_at(&self) -> Option<Duration> {
        self.0.set.expires_at
    }

    /// Returns what it may do, where the server said so.
    #[must_use]
    pub fn scopes(&self) -> Option<&Scopes> {
        self.0.set.scopes.as_ref()
    }

    /// Returns a field of the answer that brought it, such as `instance_url`.
    #[must_use]
    pub fn extra(&self, name: &str) -> Option<&Value> {
        self.0.set.extra.get(name)
    }

    /// Returns the private key it is bound to, as a JWK, if it is.
    #[must_use]
    pub fn dpop_key(&self) -> Option<&SecretString> {
        self.0.set.dpop_key.as_ref()
    }

    /// Returns the version of the connection that it belongs to.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.0.version
    }
}

impl fmt::Debug for AccessToken {
    /// Shows everything but the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("token_type", &self.0.set.token_type)
            .field("expires_at", &self.0.set.expires_at)
            .field("scopes", &self.0.set.scopes)
            .field("version", &self.0.version)
            .finish_non_exhaustive()
    }
}

/// What one version of a connection is worth.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) version: u64,
    pub(super) state: ConnectionState,
    /// `None` once there are no tokens any more.
    pub(super) dated: Option<Dated>,
    main: Option<AccessToken>,
    /// A few, by their names.
    also: Vec<(String, AccessToken)>,
}

impl Held {
    pub(super) fn new(
        version: u64,
        state: ConnectionState,
        dated: Option<Dated>,
    ) -> Result<Arc<Self>> {
        let mut main = None;
        let mut also = Vec::new();
        if let (Some(dated), ConnectionState::Active) = (&dated, &state) {
            main = Some(AccessToken::new(&dated.tokens, version)?);
            for (name, set) in &dated.tokens.also {
                also.push((name.clone(), AccessToken::new(set, version)?));
            }
        }
        Ok(Arc::new(Self {
            version,
            state,
            dated,
            main,
            also,
        }))
    }

    /// Returns the main token, or the further one of this name.
    pub(super) fn token(&self, name: Option<&str>) -> Option<&AccessToken> {
        let Some(name) = name else {
            return self.main.as_ref();
        };
        let mut also = self.also.iter();
        also.find(|(other, _)| other == name)
            .map(|(_, token)| token)
    }

    /// Returns the token, or why there is none for a caller.
    pub(super) fn pick(
        &self,
        key: &ConnectionKey,
        name: Option<&str>,
        unix: Duration,
    ) -> Result<AccessToken> {
        if self.main.is_none() {
            return Err(unusable(key, self.state.clone()));
        }
        let Some(token) = self.token(name) else {
            let name = name.unwrap_or_default();
            return Err(Error::new(ErrorKind::NotFound, TOKENS)
                .with_message(format!("the connection has no token named `{name}`")));
        };
        // The main token is watched over; a further one may end by itself.
        let set = &token.0.set;
        let is_over = set.expires_at.is_some_and(|end| unix >= end) && !set.is_expiry_guessed;
        if name.is_some() && is_over {
            return Err(Error::new(ErrorKind::Unauthenticated, TOKENS)
                .with_message("the further token has expired"));
        }
        Ok(token.clone())
    }
}

/// Writes the header once, so that a request only counts a reference.
fn header_of(set: &TokenSet) -> Result<HeaderValue> {
    let scheme = if set.is_bound() { "DPoP" } else { "Bearer" };
    let token = set.access_token.expose_secret();
    let refused = |rule: &'static str| {
        Error::new(ErrorKind::Decode, TOKENS).with_message(format!("an access token {rule}"))
    };
    if token.is_empty() {
        return Err(refused("is empty"));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refused("holds what no header can carry"));
    }
    let text = Zeroizing::new(format!("{scheme} {token}"));
    let mut value = HeaderValue::from_str(&text).map_err(|_| refused("fits no header"))?;
    value.set_sensitive(true);
    // The first clone of its bytes allocates, all later ones count: not in the middle of a call.
    drop(value.clone());
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_fits_no_header_is_refused_and_not_shown() {
        for bad in ["", "a b", "a\nb", "a\u{e9}"] {
            let error = AccessToken::new(&TokenSet::new(bad), 1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(bad.is_empty() || !error.to_string().contains(bad));
        }
    }

    #[test]
    fn a_bound_token_is_sent_as_such() {
        let mut set = TokenSet::new("t0k3n");
        assert_eq!(AccessToken::new(&set, 1).unwrap().header(), "Bearer t0k3n");
        set.token_type = "dpop".into();
        let token = AccessToken::new(&set, 1).unwrap();
        assert_eq!(token.header(), "DPoP t0k3n");
        assert!(!format!("{token:?}{:?}", token.header()).contains("t0k3n"));
    }
}
