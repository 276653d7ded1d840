//! What ties an ID token to one login.

use std::{fmt, time::Duration};

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest::digest};

use crate::{algorithm::Algorithm, claims::Raw, jws::decode, rejection::Rejection};

/// What the caller sent to the issuer and got back beside the ID token.
///
/// Debug shows none of it.
#[derive(Clone, Default)]
pub struct Binding {
    nonce: Option<String>,
    access_token: Option<String>,
    code: Option<String>,
    max_age: Option<Duration>,
}

impl Binding {
    /// Binds to nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Demands the `nonce` that was sent with the request for authorization.
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Demands that `at_hash`, where it is there, is that of the access token beside it.
    #[must_use]
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// Demands that `c_hash`, where it is there, is that of the code beside it.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Demands that the user logged in at most this long ago (`auth_time`), plus leeway.
    #[must_use]
    pub const fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// `now` is since the Unix epoch.
    pub(crate) fn check(
        &self,
        raw: &Raw<'_>,
        algorithm: Algorithm,
        now: Duration,
        leeway: Duration,
    ) -> Result<(), Rejection> {
        if let Some(sent) = &self.nonce {
            let nonce = raw.text("nonce")?.ok_or(Rejection::MissingClaim("nonce"))?;
            equal(nonce.as_bytes(), sent.as_bytes(), "nonce")?;
        }
        check_hash(raw, "at_hash", self.access_token.as_deref(), algorithm)?;
        check_hash(raw, "c_hash", self.code.as_deref(), algorithm)?;
        if let Some(max_age) = self.max_age {
            let login = raw.date("auth_time")?;
            let login = login.ok_or(Rejection::MissingClaim("auth_time"))?;
            if login.saturating_add(max_age).saturating_add(leeway) < now {
                return Err(Rejection::LoginTooOld);
            }
        }
        Ok(())
    }
}

/// The claim is the left half of the hash of the value, as OpenID Connect Core 3.1.3.6 says.
fn check_hash(
    raw: &Raw<'_>,
    claim: &'static str,
    of: Option<&str>,
    algorithm: Algorithm,
) -> Result<(), Rejection> {
    let (Some(told), Some(of)) = (raw.text(claim)?, of) else {
        return Ok(());
    };
    let whole = digest(algorithm.digest(), of.as_bytes());
    let (half, _) = whole.as_ref().split_at(whole.as_ref().len() / 2);
    let told = decode(told).map_err(|_| Rejection::NotBound(claim))?;
    equal(&told, half, claim)
}

fn equal(told: &[u8], expected: &[u8], claim: &'static str) -> Result<(), Rejection> {
    verify_slices_are_equal(told, expected).map_err(|_| Rejection::NotBound(claim))
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding").finish_non_exhaustive()
    }
}
