//! What is particular about a provider, as data.
//!
//! Most providers differ from the standards in the same few ways, so they are described, not
//! programmed: a preset is a file of TOML. With the feature `presets` forty of them are built in,
//! each written from the documentation of its provider; what could not be checked there is marked
//! in its file. `Preset::names` lists them, `Preset::named` finds one.
//!
//! A provider that is missing is a file of yours:
//!
//! ```
//! # #[cfg(feature = "presets")]
//! # fn main() -> integration_oauth::Result<()> {
//! use integration_oauth::{Provider, preset::Preset};
//!
//! let preset = Preset::from_toml(r#"
//!     name = "example"
//!     title = "Example"
//!     authorize = "https://{shop}.example.com/oauth/authorize"
//!     token = "https://{shop}.example.com/oauth/token"
//!     auth = "post"
//!     scopes = ["orders:read"]
//!     account = ["/shop_id"]
//!     expires_in_s = 7200
//!
//!     [params.shop]
//!     about = "the name of the shop"
//!
//!     [refresh_rules]
//!     rotates = true
//! "#)?;
//! let provider = Provider::builder(preset)
//!     .param("shop", "acme")
//!     .client_id("my-app")
//!     .client_secret("a secret".to_owned())
//!     .build()?;
//! assert_eq!(provider.name(), "example");
//!
//! // A mistake is an error that names the field, and the nearest one that exists.
//! let error = Preset::from_toml("name = \"example\"\nscope = []").unwrap_err();
//! assert!(error.to_string().contains("did you mean scopes?"));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "presets"))]
//! # fn main() {}
//! ```
//!
//! Leave the endpoints out and give an `issuer` where the server has discovery (OpenID Connect, or
//! RFC 8414); a field of the file wins over what is discovered.

#[cfg(feature = "presets")]
mod builtin;
mod check;
#[cfg(feature = "presets")]
mod load;
mod refresh;
#[cfg(feature = "presets")]
mod reword;
#[cfg(test)]
#[cfg(feature = "presets")]
mod table;
#[cfg(test)]
#[cfg(feature = "presets")]
mod tests;
mod trade;
mod words;

use std::collections::BTreeMap;

use serde::Deserialize;

pub(crate) use self::check::filled;
pub use self::{
    refresh::{RefreshRules, Refused},
    trade::{Trade, TradeMethod},
    words::{AuthMethod, BodyFormat, ChallengeRule, Pkce, RevokeAuth},
};

/// What is particular about a provider: its endpoints, its habits, and what its tokens live by.
///
/// What is left out is as the standards have it. Addresses may hold `{name}` for each of
/// [`params`](Self::params), such as the host of a shop.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Preset {
    /// Short lower-case name, such as `github`; the provider part of a connection's key.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// The page of its own documentation that this was written from.
    pub docs: String,
    /// Its issuer: endpoints that are left out are discovered (OpenID Connect, else RFC 8414).
    pub issuer: Option<String>,
    /// How the `iss` of ID tokens is written where it differs from the issuer of the metadata, such as
    /// `https://login.microsoftonline.com/{tid}/v2.0`: each `{claim}` stands for that claim.
    pub issuer_template: Option<String>,
    /// Where the browser goes.
    pub authorize: Option<String>,
    /// Where codes and refresh tokens are exchanged.
    pub token: Option<String>,
    /// Where refresh tokens are exchanged, where that is another address.
    pub refresh: Option<String>,
    /// Where a device begins (RFC 8628).
    pub device: Option<String>,
    /// Where requests are pushed (RFC 9126).
    pub par: Option<String>,
    /// Where tokens are revoked (RFC 7009, or by the habits of the provider).
    pub revoke: Option<String>,
    /// Where tokens are introspected (RFC 7662).
    pub introspect: Option<String>,
    /// Where it says who logged in.
    pub userinfo: Option<String>,
    /// Where a session ends (OpenID Connect RP-initiated logout).
    pub end_session: Option<String>,
    /// Where its signing keys are.
    pub jwks: Option<String>,
    /// Parts of the addresses that differ for each customer, with what they must look like.
    pub params: BTreeMap<String, Param>,
    /// Further hosts that discovered endpoints may have, beside that of the issuer.
    pub hosts: Vec<String>,
    /// How our client says who it is. Default: `basic`, or `none` without a secret.
    pub auth: Option<AuthMethod>,
    /// The name of the field that carries the id of our client. Default: `client_id`.
    pub client_id_param: Option<String>,
    /// Whether the code is bound with PKCE. Default: `s256`.
    pub pkce: Pkce,
    /// Scopes asked for when a login names none.
    pub scopes: Vec<String>,
    /// What stands between scopes. Default: a space.
    pub scope_separator: Option<String>,
    /// The name of the query field that carries scopes. Default: `scope`.
    pub scope_param: Option<String>,
    /// Further fields of the address that the browser goes to, such as `access_type = "offline"`.
    pub authorize_params: BTreeMap<String, String>,
    /// Further fields of each request for tokens.
    pub token_params: BTreeMap<String, String>,
    /// How requests for tokens are written. Default: `form`.
    pub token_body: BodyFormat,
    /// Further headers of requests for tokens, such as a version of the API.
    pub headers: BTreeMap<String, String>,
    /// Fields of the redirect back to us that are kept with the tokens, such as `realmId`.
    pub keep_from_callback: Vec<String>,
    /// Fields of the answer that are kept with the tokens, such as `instance_url`.
    pub keep: Vec<String>,
    /// Where the account is found in the answer, ID token claims or userinfo, as JSON pointers; the
    /// first that is there. Default: `/sub`, `/id`.
    pub account: Vec<String>,
    /// Further tokens in one answer: a name, and where the object that holds them is.
    pub also: BTreeMap<String, String>,
    /// Whether the main token is inside an object, such as `/authed_user`, when the answer has none at
    /// the top.
    pub nested: Option<String>,
    /// Seconds that an access token lasts when the answer does not say. Default: an hour, marked as a
    /// guess; 0: until it is refused.
    pub expires_in_s: Option<u64>,
    /// Whether `expires_in` counts milliseconds.
    pub expires_in_is_ms: bool,
    /// What the token of a login is traded in for at once: one that lasts longer.
    pub trade: Option<Trade>,
    /// How an access token is renewed by itself, where there are no refresh tokens.
    pub renew: Option<Trade>,
    /// Who takes tokens back. Default: `client`.
    pub revoke_auth: RevokeAuth,
    /// How refresh tokens behave.
    pub refresh_rules: RefreshRules,
    /// Which 401 of the API means that the token has expired. Default: `invalid_token`.
    pub challenge: ChallengeRule,
}

/// A part of an address that differs for each customer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Param {
    /// What it is, for the error message when it is missing.
    pub about: String,
    /// Its value when none is given.
    pub default: Option<String>,
    /// Endings of which the value must have one, such as `.myshopify.com`; an empty one for any host;
    /// none: no dot, slash or colon may stand in it.
    pub suffixes: Vec<String>,
}
