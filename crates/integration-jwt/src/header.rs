//! The header of a token.
//!
//! Keys and addresses of keys in a header (`jwk`, `jku`, `x5c`, `x5u`) are never looked at: they are
//! the words of whoever sent the token.

use crate::{algorithm::Algorithm, rejection::Rejection, strict_json::Object};

#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
}

impl Header {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        let members = Object::parse(bytes)?;
        // No extension is understood, so none may be critical; `b64` changes what is signed.
        if members.get("crit").is_some() || members.get("b64").is_some() {
            return Err(Rejection::Critical);
        }
        let text = |name| match members.get(name) {
            None => Ok(None),
            Some(node) => node.as_text().map(Some).ok_or(Rejection::BadHeader(name)),
        };
        let algorithm = text("alg")?.ok_or(Rejection::BadHeader("alg"))?;
        Ok(Self {
            algorithm: Algorithm::of_name(algorithm).ok_or(Rejection::AlgorithmNotAllowed)?,
            kid: text("kid")?.map(str::to_owned),
            typ: text("typ")?.map(str::to_owned),
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
