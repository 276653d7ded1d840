//! How the refresh tokens of a provider behave.

use serde::Deserialize;

/// How the refresh tokens of a provider behave.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RefreshRules {
    /// Whether each refresh may bring a new refresh token that replaces the old one.
    pub rotates: bool,
    /// Seconds for which the old refresh token still works after it was replaced.
    pub reuse_window_s: Option<u64>,
    /// Seconds without use after which a refresh token dies: it is refreshed before.
    pub max_idle_s: Option<u64>,
    /// Seconds after the login at which a refresh token dies whatever is done.
    pub max_age_s: Option<u64>,
    /// Fields that the request for a refresh has beside the standard ones.
    pub params: std::collections::BTreeMap<String, String>,
    /// Errors that mean the grant is gone, beside `invalid_grant`.
    pub terminal: Vec<Refused>,
}

/// An error of a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Refused {
    /// Its status; any when left out.
    pub status: Option<u16>,
    /// Its word.
    pub error: String,
    /// What stands in its description; anything when left out.
    pub description: Option<String>,
}
