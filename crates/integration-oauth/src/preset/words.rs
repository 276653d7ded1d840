//! The words of a preset.

use serde::Deserialize;

/// How our client says who it is at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthMethod {
    /// `Authorization: Basic` with id and secret form-encoded, as RFC 6749, 2.3.1 has it.
    Basic,
    /// `Authorization: Basic` with id and secret as they are.
    BasicRaw,
    /// Id and secret as fields.
    Post,
    /// The id alone, for clients that can keep no secret.
    None,
    /// A JWT signed with the secret (RFC 7523).
    ClientSecretJwt,
    /// A JWT signed with a private key (RFC 7523).
    PrivateKeyJwt,
    /// The certificate of the connection (RFC 8705).
    Mtls,
    /// The secret is a JWT signed with a private key, sent as a field, as Apple wants it.
    SignedSecret,
}

/// Whether a code is bound to the login that asked for it (RFC 7636). The method `plain` is not here
/// on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Pkce {
    /// With a hash.
    #[default]
    S256,
    /// With a hash, and only at a server whose metadata list that.
    Listed,
    /// Not at all: the provider refuses unknown fields.
    Off,
}

/// How requests for tokens are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BodyFormat {
    /// As a form.
    #[default]
    Form,
    /// As JSON.
    Json,
}

/// Who takes tokens back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RevokeAuth {
    /// Our client, which names the token in a field (RFC 7009).
    #[default]
    Client,
    /// The access token itself, as the bearer of the request.
    Token,
}

/// Which 401 of an API means that its token has expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChallengeRule {
    /// One whose `WWW-Authenticate` says `invalid_token` (RFC 6750), or has no `error` at all.
    #[default]
    InvalidToken,
    /// Every one.
    Any,
}
