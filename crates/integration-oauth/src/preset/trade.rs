//! Access tokens that are traded in for other ones.

use serde::Deserialize;

/// A request in which an access token itself is the grant, where there are no refresh tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Trade {
    /// Where it is sent. Default: the token endpoint.
    pub address: Option<String>,
    /// How it is sent. Default: `post`.
    pub method: TradeMethod,
    /// Its `grant_type`.
    pub grant_type: String,
    /// The name of the field that carries the access token.
    pub token_field: String,
    /// Whether the token alone is asked for, and our client does not say who it is.
    pub without_client: bool,
}

/// How a trade is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TradeMethod {
    /// With its fields in the body.
    #[default]
    Post,
    /// With its fields in the address, as nothing but a `GET` is answered.
    Get,
}
