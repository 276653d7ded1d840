//! What is known of a server.

use integration_core::Result;
use url::Url;

use super::guard::configured;
use crate::preset::Preset;

/// What is known of a server: the addresses of the preset, and what it says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// Its issuer, to the letter.
    pub issuer: Option<String>,
    /// Where the browser goes.
    pub authorize: Option<Url>,
    /// Where codes and refresh tokens are exchanged.
    pub token: Option<Url>,
    /// Where refresh tokens are exchanged, where that is another address.
    pub refresh: Option<Url>,
    /// Where a device begins.
    pub device: Option<Url>,
    /// Where requests are pushed.
    pub par: Option<Url>,
    /// Where tokens are revoked.
    pub revoke: Option<Url>,
    /// Where tokens are introspected.
    pub introspect: Option<Url>,
    /// Where it says who logged in.
    pub userinfo: Option<Url>,
    /// Where a session ends.
    pub end_session: Option<Url>,
    /// Where its signing keys are.
    pub jwks: Option<Url>,
    /// Where clients register.
    pub register: Option<Url>,
    /// Whether every redirect back to us names the issuer (RFC 9207).
    pub sends_iss: bool,
    /// Whether every request must be pushed (RFC 9126).
    pub requires_par: bool,
    /// How codes may be bound; `None` when it does not say.
    pub pkce_methods: Option<Vec<String>>,
    /// How clients may say who they are; empty when it does not say.
    pub auth_methods: Vec<String>,
    /// What ID tokens are signed with; empty when it does not say.
    pub id_token_algorithms: Vec<String>,
    /// What proofs of `DPoP` may be signed with; empty when it does not say.
    pub dpop_algorithms: Vec<String>,
    /// Whether it calls us when a session ends (back-channel logout).
    pub has_backchannel_logout: bool,
}

impl Metadata {
    /// Whether nothing has to be asked for: all that a login needs is there, or nobody to ask.
    pub(super) fn is_complete(&self) -> bool {
        let login = [&self.authorize, &self.token, &self.jwks];
        self.issuer.is_none() || login.into_iter().all(Option::is_some)
    }

    /// What the preset says.
    pub(super) fn of_preset(preset: &Preset) -> Result<Self> {
        let url = |address: &Option<String>| address.as_deref().map(configured).transpose();
        Ok(Self {
            issuer: preset.issuer.clone(),
            authorize: url(&preset.authorize)?,
            token: url(&preset.token)?,
            refresh: url(&preset.refresh)?,
            device: url(&preset.device)?,
            par: url(&preset.par)?,
            revoke: url(&preset.revoke)?,
            introspect: url(&preset.introspect)?,
            userinfo: url(&preset.userinfo)?,
            end_session: url(&preset.end_session)?,
            jwks: url(&preset.jwks)?,
            ..Self::default()
        })
    }
}
