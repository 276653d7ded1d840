//! Values that nobody can guess: states, nonces and the mark of a browser.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
    rand::fill,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

/// Characters of an unguessable value: 256 bits in base64url.
pub(crate) const SECRET_CHARS: usize = 43;

/// The SHA-256 of an unguessable value, which may be kept and shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) [u8; 32]);

/// Makes a value of 256 random bits, as text that fits an address, a form and a cookie.
pub(crate) fn unguessable() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 32]);
    fill(bytes.as_mut()).map_err(|_| {
        Error::new(ErrorKind::Other, "oauth.login").with_message("the system gives no random bytes")
    })?;
    let mut text = Zeroizing::new(String::with_capacity(SECRET_CHARS));
    URL_SAFE_NO_PAD.encode_string(bytes.as_ref(), &mut text);
    Ok(text)
}

/// Tells whether this can be a value of ours, before anything is looked up with it.
pub(crate) fn is_well_formed(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    text.len() == SECRET_CHARS && text.bytes().all(fits)
}

impl Fingerprint {
    pub(crate) fn of(secret: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
        Self(hash)
    }

    /// Tells whether `secret` is the one, in a time that does not depend on the secret.
    pub(crate) fn is_of(&self, secret: &str) -> bool {
        verify_slices_are_equal(&Self::of(secret).0, &self.0).is_ok()
    }

    /// Returns it as text.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_secrets_differ_and_have_256_bits() {
        let (one, two) = (unguessable().unwrap(), unguessable().unwrap());
        assert_ne!(one, two);
        assert_eq!(URL_SAFE_NO_PAD.decode(one.as_bytes()).unwrap().len(), 32);
        assert!(is_well_formed(&one));
    }

    #[test]
    fn what_is_no_secret_of_ours_is_told_without_a_look_up() {
        let good = "A".repeat(SECRET_CHARS);
        for bad in [
            "",
            good.strip_prefix('A').unwrap(),
            &format!("{good}A"),
            &good.replacen('A', "+", 1),
        ] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }

    #[test]
    fn a_fingerprint_knows_its_secret_alone() {
        let secret = unguessable().unwrap();
        let kept = Fingerprint::from_text(&Fingerprint::of(&secret).text()).unwrap();
        assert!(kept.is_of(&secret));
        assert!(!kept.is_of(&unguessable().unwrap()));
        assert!(!format!("{kept:?}").contains(secret.as_str()));
    }
}
