//! A login that is under way: what has to be remembered until the browser comes back.

use std::{fmt, time::Duration};

use integration_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::secret::Fingerprint;
use crate::{limits::MAX_FLOW, scopes::Scopes, seal::Slot};

/// The shape of the encoded flow. Logins last minutes: another shape is refused, not migrated.
const VERSION: u8 = 1;

/// What has to be remembered of a login until the browser comes back.
///
/// Kept by the fingerprint of its state and sealed for that place, so that no flow can be taken for
/// another. The state itself is kept nowhere.
#[derive(Clone)]
pub(crate) struct PendingFlow {
    pub(crate) state: Fingerprint,
    pub(crate) provider: String,
    pub(crate) tenant: String,
    /// The account the caller wants to be named so, whatever the provider says.
    pub(crate) account: Option<String>,
    /// Who must answer.
    pub(crate) issuer: Option<String>,
    /// The secret behind the code challenge.
    pub(crate) verifier: Option<Zeroizing<String>>,
    pub(crate) nonce: Option<Zeroizing<String>>,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Scopes,
    pub(crate) return_to: Option<String>,
    /// The mark that the browser must bring, and the name of its cookie.
    pub(crate) browser: Option<(String, Fingerprint)>,
    /// How long ago the user may have logged in.
    pub(crate) max_age: Option<Duration>,
    /// The key that the code is bound to.
    pub(crate) dpop_key: Option<Zeroizing<String>>,
    pub(crate) created_at: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    v: u8,
    state: String,
    #[serde(borrow)]
    provider: Text<'a>,
    tenant: Text<'a>,
    account: Option<Text<'a>>,
    issuer: Option<Text<'a>>,
    verifier: Option<Text<'a>>,
    nonce: Option<Text<'a>>,
    redirect_uri: Text<'a>,
    scopes: Scopes,
    return_to: Option<Text<'a>>,
    browser: Option<(Text<'a>, String)>,
    max_age_s: Option<u64>,
    dpop_key: Option<Text<'a>>,
    created_at_ms: u64,
}

/// Borrows where nothing is escaped, so that secrets are copied no more than needed.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

impl PendingFlow {
    /// Where it is sealed. Tenant and provider are inside: whoever looks knows the state alone.
    pub(crate) fn slot(account: &str) -> Slot<'_> {
        Slot {
            tenant: "",
            provider: "",
            account,
            column: "flow",
            version: 1,
        }
    }

    /// Writes it as bytes, which are cleared when they are dropped.
    pub(crate) fn encode(&self) -> Result<Zeroizing<Vec<u8>>> {
        // One buffer that never grows: growing would leave copies of secrets behind.
        let mut bytes = Zeroizing::new(vec![0; MAX_FLOW]);
        let mut room = bytes.as_mut_slice();
        serde_json::to_writer(&mut room, &self.wire()).map_err(|_| {
            Error::new(ErrorKind::Validation, "oauth.login").with_message(format!(
                "a login takes more than {MAX_FLOW} bytes: ask for less"
            ))
        })?;
        let left = room.len();
        bytes.truncate(MAX_FLOW - left);
        Ok(bytes)
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let wire: Option<Wire<'_>> = serde_json::from_slice(bytes).ok();
        let wire = wire.filter(|wire| wire.v == VERSION);
        wire.and_then(Self::from_wire).ok_or_else(|| {
            Error::new(ErrorKind::Decode, "oauth.finish")
                .with_message("the login was begun by another version of this program")
        })
    }

    fn wire(&self) -> Wire<'_> {
        Wire {
            v: VERSION,
            state: self.state.text(),
            provider: Text::of(&self.provider),
            tenant: Text::of(&self.tenant),
            account: self.account.as_deref().map(Text::of),
            issuer: self.issuer.as_deref().map(Text::of),
            verifier: self.verifier.as_deref().map(|text| Text::of(text)),
            nonce: self.nonce.as_deref().map(|text| Text::of(text)),
            redirect_uri: Text::of(&self.redirect_uri),
            scopes: self.scopes.clone(),
            return_to: self.return_to.as_deref().map(Text::of),
            browser: self
                .browser
                .as_ref()
                .map(|(name, mark)| (Text::of(name), mark.text())),
            max_age_s: self.max_age.map(|age| age.as_secs()),
            dpop_key: self.dpop_key.as_deref().map(|text| Text::of(text)),
            created_at_ms: millis(self.created_at),
        }
    }

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        let browser = match wire.browser {
            None => None,
            Some((name, mark)) => Some((name.owned(), Fingerprint::from_text(&mark)?)),
        };
        Some(Self {
            state: Fingerprint::from_text(&wire.state)?,
            provider: wire.provider.owned(),
            tenant: wire.tenant.owned(),
            account: wire.account.map(Text::owned),
            issuer: wire.issuer.map(Text::owned),
            verifier: wire.verifier.map(Text::secret),
            nonce: wire.nonce.map(Text::secret),
            redirect_uri: wire.redirect_uri.owned(),
            scopes: wire.scopes,
            return_to: wire.return_to.map(Text::owned),
            browser,
            max_age: wire.max_age_s.map(Duration::from_secs),
            dpop_key: wire.dpop_key.map(Text::secret),
            created_at: Duration::from_millis(wire.created_at_ms),
        })
    }
}

impl<'a> Text<'a> {
    fn of(text: &'a str) -> Self {
        Self(text.into())
    }

    fn owned(self) -> String {
        self.0.into_owned()
    }

    fn secret(self) -> Zeroizing<String> {
        Zeroizing::new(self.owned())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for PendingFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingFlow")
            .field("provider", &self.provider)
            .field("tenant", &self.tenant)
            .field("issuer", &self.issuer)
            .field("scopes", &self.scopes)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
