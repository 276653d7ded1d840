//! Randomness for secrets.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{Error, ErrorKind, Result};

/// Returns 256 random bits as 43 characters that fit anywhere.
pub(crate) fn token() -> Result<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        Error::new(ErrorKind::Other, "oauth.random").with_message("the system gives no randomness")
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
