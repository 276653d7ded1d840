//! The mark that ties a login to the browser in which it was begun.

use std::{fmt, time::Duration};

use integration_core::{ExposeSecret, Result, SecretString};
use zeroize::Zeroizing;

use super::secret::{Fingerprint, is_well_formed, unguessable};
use crate::limits::MAX_LOGIN_COOKIES;

/// What the names of these cookies begin with, behind `__Host-` where that holds.
const NAME: &str = "oauth-login-";

/// Cookies with this in front are set by the host itself, over TLS and for every path (RFC 6265bis).
const HOST: &str = "__Host-";

/// Characters of the state's fingerprint in a name: enough to tell the tabs of one browser apart.
const TAG: usize = 16;

/// A cookie that the answer with the redirect must set.
///
/// Each login has its own, so that several tabs can log in at once. Who finishes a login without
/// its cookie is somebody else: an attacker who sends a victim the end of his own login, or the
/// other way round.
#[derive(Clone)]
pub struct BrowserCookie {
    name: String,
    value: SecretString,
    is_secure: bool,
    is_cross_site: bool,
    max_age: Duration,
}

impl BrowserCookie {
    /// Makes the cookie of a login. `is_secure`: our own address is https. `is_cross_site`: the
    /// provider will post a form to us, which no `Lax` cookie goes along with.
    pub(crate) fn new(
        state: &Fingerprint,
        is_secure: bool,
        is_cross_site: bool,
        max_age: Duration,
    ) -> Result<(Self, Fingerprint)> {
        let value = unguessable()?;
        let mark = Fingerprint::of(&value);
        let cookie = Self {
            name: Self::name_for(state, is_secure),
            value: SecretString::from(value.as_str()),
            is_secure,
            is_cross_site,
            max_age,
        };
        Ok((cookie, mark))
    }

    /// The name of the cookie of the login with this state.
    pub(crate) fn name_for(state: &Fingerprint, is_secure: bool) -> String {
        let tag: String = state.text().chars().take(TAG).collect();
        let prefix = if is_secure { HOST } else { "" };
        format!("{prefix}{NAME}{tag}")
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the value of the `Set-Cookie` header. It is a secret of the browser: never log it.
    #[must_use]
    pub fn set_cookie(&self) -> Zeroizing<String> {
        let value = self.value.expose_secret();
        let age = self.max_age.as_secs();
        Zeroizing::new(self.header(value, age))
    }

    /// Returns the value of the `Set-Cookie` header that removes a cookie of this name.
    #[must_use]
    pub fn remove(name: &str) -> String {
        let is_secure = name.starts_with(HOST);
        let secure = if is_secure { "; Secure" } else { "" };
        format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}")
    }

    fn header(&self, value: &str, age: u64) -> String {
        // Without TLS there is no `SameSite=None`: browsers then leave the cookie away altogether.
        let (same_site, secure) = match (self.is_secure, self.is_cross_site) {
            (true, true) => ("None", "; Secure"),
            (true, false) => ("Lax", "; Secure"),
            (false, _) => ("Lax", ""),
        };
        let name = &self.name;
        format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite={same_site}{secure}")
    }

    /// Finds the cookies of logins in a `Cookie` header; those beyond a bound are not looked at.
    pub(crate) fn find(header: &str) -> impl Iterator<Item = (&str, &str)> {
        let pairs = header
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='));
        let ours = pairs.filter(|(name, value)| is_ours(name) && is_well_formed(value));
        ours.take(MAX_LOGIN_COOKIES)
    }
}

fn is_ours(name: &str) -> bool {
    let rest = name.strip_prefix(HOST).unwrap_or(name);
    let tag = rest.strip_prefix(NAME);
    tag.is_some_and(|tag| tag.len() == TAG)
}

impl fmt::Debug for BrowserCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserCookie")
            .field("name", &self.name)
            .field("is_secure", &self.is_secure)
            .field("is_cross_site", &self.is_cross_site)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(is_secure: bool, is_cross_site: bool) -> (BrowserCookie, Fingerprint) {
        let state = Fingerprint::of("state");
        BrowserCookie::new(&state, is_secure, is_cross_site, Duration::from_secs(600)).unwrap()
    }

    #[test]
    fn a_cookie_is_as_strict_as_the_address_and_the_provider_permit() {
        for (secure, cross, prefix, end) in [
            (
                true,
                false,
                "__Host-oauth-login-",
                "; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure",
            ),
            (
                true,
                true,
                "__Host-oauth-login-",
                "; HttpOnly; SameSite=None; Secure",
            ),
            (
                false,
                true,
                "oauth-login-",
                "; Path=/; Max-Age=600; HttpOnly; SameSite=Lax",
            ),
        ] {
            let (cookie, _) = cookie(secure, cross);
            let header = cookie.set_cookie();
            assert!(header.starts_with(prefix), "{}", *header);
            assert!(header.ends_with(end), "{}", *header);
        }
    }

    #[test]
    fn a_cookie_comes_back_among_others_and_is_not_shown() {
        let (cookie, mark) = cookie(true, false);
        let set = cookie.set_cookie();
        let (pair, _) = set.split_once(';').unwrap();
        let header = format!(
            "a=b; {pair};oauth-login-short=x; oauth-login-{}=no",
            "A".repeat(16)
        );
        let found: Vec<_> = BrowserCookie::find(&header).collect();
        let [(name, value)] = found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(name, cookie.name());
        assert!(mark.is_of(value));
        assert!(!format!("{cookie:?}").contains(value));
    }
}
