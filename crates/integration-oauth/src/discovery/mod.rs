//! What a server says of itself (OpenID Connect Discovery, RFC 8414), kept and renewed.

mod cache;
mod document;

pub(crate) use self::cache::{DEFAULT_TTL, Discovery};
