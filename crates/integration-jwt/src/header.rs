//! The header of a token.
//!
//! Keys and addresses of keys in a header (`jwk`, `jku`, `x5c`, `x5u`) are never looked at: they are
//! the words of whoever sent the token.

use serde_json::Value;

use crate::{algorithm::Algorithm, rejection::Rejection, strict_json};

#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
}

impl Header {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        let mut members = strict_json::object(bytes)?;
        // No extension is understood, so none may be critical; `b64` changes what is signed.
        if members.contains_key("crit") || members.contains_key("b64") {
            return Err(Rejection::Critical);
        }
        let mut text = |name| match members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Rejection::BadHeader(name)),
        };
        let algorithm = text("alg")?.ok_or(Rejection::BadHeader("alg"))?;
        Ok(Self {
            algorithm: Algorithm::of_name(&algorithm).ok_or(Rejection::AlgorithmNotAllowed)?,
            kid: text("kid")?,
            typ: text("typ")?,
        })
    }

    /// Whether `typ` is `kind`, as a media type: in any case, with or without `application/`.
    pub(crate) fn is_type(&self, kind: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| {
            let (prefix, rest) = typ.split_at_checked(12).unwrap_or(("", typ));
            let short = match prefix.eq_ignore_ascii_case("application/") {
                true => rest,
                false => typ,
            };
            short.eq_ignore_ascii_case(kind)
        })
    }
}
