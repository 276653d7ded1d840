//! The claims of a token that was accepted.

use std::{fmt, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    algorithm::Algorithm,
    header::Header,
    rejection::Rejection,
    strict_json::{Node, Object},
};

/// Dates later than the year 9999 are no dates.
const MAX_DATE: f64 = 253_402_300_799.0;

/// What an accepted token says. `T` is read from all claims together; by default it is their map.
///
/// Debug shows no claim but the issuer and the expiry: the others may be personal.
#[derive(Clone)]
#[non_exhaustive]
pub struct Claims<T = Map<String, Value>> {
    /// `iss`: who issued it.
    pub issuer: String,
    /// `sub`: about whom.
    pub subject: Option<String>,
    /// `aud`: for whom; empty if it does not say.
    pub audience: Vec<String>,
    /// `exp`: when it expires, since the Unix epoch.
    pub expires_at: Duration,
    /// `iat`: when it was issued, since the Unix epoch.
    pub issued_at: Option<Duration>,
    /// `jti`: its own id.
    pub id: Option<String>,
    /// How it was signed.
    pub algorithm: Algorithm,
    /// All claims, read as the caller wants them.
    pub extra: T,
}

impl<T> fmt::Debug for Claims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("issuer", &self.issuer)
            .field("expires_at", &self.expires_at)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// All claims, those of RFC 7519 with their types checked, whether a profile needs them or not.
pub(crate) struct Raw<'a> {
    pub(crate) all: Object<'a>,
    pub(crate) audience: Vec<String>,
    pub(crate) expires_at: Option<Duration>,
    pub(crate) not_before: Option<Duration>,
    pub(crate) issued_at: Option<Duration>,
}

impl<'a> Raw<'a> {
    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, Rejection> {
        let all = Object::parse(payload)?;
        let raw = Self {
            audience: audience(&all)?,
            expires_at: date(&all, "exp")?,
            not_before: date(&all, "nbf")?,
            issued_at: date(&all, "iat")?,
            all,
        };
        for name in ["iss", "sub", "jti", "azp", "client_id"] {
            raw.text(name)?;
        }
        Ok(raw)
    }

    /// A claim that must be a text, and not an empty one, where it is there.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, Rejection> {
        match self.all.get(name) {
            None => Ok(None),
            Some(Node::Text(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(Rejection::BadClaim(name)),
        }
    }

    pub(crate) fn date(&self, name: &'static str) -> Result<Option<Duration>, Rejection> {
        date(&self.all, name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.all.get(name).is_some()
    }

    /// `payload` is what the claims were read from.
    pub(crate) fn into_claims<T: DeserializeOwned>(
        self,
        header: &Header,
        payload: &[u8],
    ) -> Result<Claims<T>, Rejection> {
        let owned = |name| Ok::<_, Rejection>(self.text(name)?.map(str::to_owned));
        Ok(Claims {
            issuer: owned("iss")?.ok_or(Rejection::MissingClaim("iss"))?,
            subject: owned("sub")?,
            id: owned("jti")?,
            expires_at: self.expires_at.ok_or(Rejection::MissingClaim("exp"))?,
            issued_at: self.issued_at,
            algorithm: header.algorithm,
            extra: serde_json::from_slice(payload).map_err(|_| Rejection::WrongShape)?,
            audience: self.audience,
        })
    }
}

/// A text or an array of texts; neither may be empty.
fn audience(all: &Object<'_>) -> Result<Vec<String>, Rejection> {
    const BAD: Rejection = Rejection::BadClaim("aud");
    let one = |node: &Node<'_>| match node {
        Node::Text(text) if !text.is_empty() => Ok(text.clone().into_owned()),
        _ => Err(BAD),
    };
    match all.get("aud") {
        None => Ok(Vec::new()),
        Some(Node::Array(several)) if several.is_empty() => Err(BAD),
        Some(Node::Array(several)) => several.iter().map(one).collect(),
        Some(node) => one(node).map(|text| vec![text]),
    }
}

/// A date in seconds, which may have a fraction.
fn date(all: &Object<'_>, name: &'static str) -> Result<Option<Duration>, Rejection> {
    let seconds = match all.get(name) {
        None => return Ok(None),
        Some(Node::Number(seconds)) if (0.0..=MAX_DATE).contains(seconds) => *seconds,
        Some(_) => return Err(Rejection::BadClaim(name)),
    };
    let date = Duration::try_from_secs_f64(seconds);
    date.map(Some).map_err(|_| Rejection::BadClaim(name))
}
