//! What binds a code to the login that asked for it (RFC 7636), with the method `S256`.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{ExposeSecret as _, Result, SecretString};

use crate::random;

/// The secret of one login: its hash goes along with the browser, itself goes with the code.
#[derive(Clone)]
pub struct CodeVerifier(SecretString);

impl CodeVerifier {
    /// Makes one of 256 random bits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Other`](crate::ErrorKind::Other) when the system gives no randomness.
    pub fn generate() -> Result<Self> {
        random::token().map(|token| Self(token.into()))
    }

    /// Returns the hash for [`AuthorizeRequest::challenge`](crate::AuthorizeRequest::challenge).
    #[must_use]
    pub fn challenge(&self) -> String {
        let hash = digest(&SHA256, self.0.expose_secret().as_bytes());
        URL_SAFE_NO_PAD.encode(hash)
    }

    /// Returns the secret for [`CodeExchange::verifier`](crate::CodeExchange::verifier).
    #[must_use]
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeVerifier")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_example_in_the_standard() {
        let verifier = CodeVerifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        let challenge = verifier.challenge();
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn no_two_are_equal_and_none_is_shown() {
        let (one, two) = (
            CodeVerifier::generate().unwrap(),
            CodeVerifier::generate().unwrap(),
        );
        assert_eq!(one.secret().expose_secret().len(), 43);
        assert_ne!(one.challenge(), two.challenge());
        assert!(!format!("{one:?}").contains(one.secret().expose_secret()));
    }
}
