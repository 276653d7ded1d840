//! Which addresses a server may send us to.

use integration_core::Result;
use integration_jwt::address;
use url::Url;

use super::builder::mistake;
use crate::preset::Preset;

/// Judges addresses that a server names, so that whoever can change its document cannot have us
/// carry secrets elsewhere.
///
/// What a name resolves to is judged when it is connected to, by the client.
pub(crate) struct Guard {
    issuer: Option<Url>,
    /// Beside that of the issuer.
    hosts: Vec<String>,
    allows_private: bool,
}

impl Guard {
    pub(super) fn new(
        preset: &Preset,
        mut hosts: Vec<String>,
        allows_private: bool,
    ) -> Result<Self> {
        hosts.extend(preset.hosts.iter().cloned());
        let issuer = preset.issuer.as_deref().map(configured).transpose()?;
        Ok(Self {
            issuer,
            hosts,
            allows_private,
        })
    }

    pub(crate) fn issuer(&self) -> Option<&Url> {
        self.issuer.as_ref()
    }

    /// Judges an address of the server's document.
    pub(crate) fn named(&self, text: &str) -> Result<Url> {
        let Some(issuer) = &self.issuer else {
            return configured(text);
        };
        let url = match self.allows_private {
            true => configured(text)?,
            false => {
                address::named_by(issuer, text).map_err(|e| mistake(e.message().to_owned()))?
            }
        };
        let host = url.host_str().unwrap_or_default();
        let is_listed = self.hosts.iter().any(|listed| listed == host);
        match is_listed || url.host() == issuer.host() {
            true => Ok(url),
            false => Err(mistake(
                "server sends us to a host that is not its own: allow it with `allow_host`",
            )
            .with_url(text)),
        }
    }
}

/// Judges an address that we were configured with.
pub(crate) fn configured(text: &str) -> Result<Url> {
    address::configured(text).map_err(|e| mistake(e.message().to_owned()).with_url(text))
}
