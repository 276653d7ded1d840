//! What is sealed of the tokens of a connection: they, and what has to be known of them later.

use std::time::Duration;

use integration_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use crate::tokens::{TokenSet, stored};

/// Bytes before the tokens: two numbers.
const HEAD: usize = 16;

/// Tokens, and what has to be known of them later.
#[derive(Clone, Debug)]
pub(super) struct Dated {
    pub(super) tokens: TokenSet,
    /// When they were handed out, since the Unix epoch: from there their lifetime counts.
    pub(super) obtained_at: Duration,
    /// The version of the connection whose refresh token they were bought with.
    pub(super) base: u64,
}

pub(super) fn encode(dated: &Dated) -> Result<Zeroizing<Vec<u8>>> {
    let tokens = stored::encode(&dated.tokens)?;
    // All at once: a buffer that grows leaves copies of tokens behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD + tokens.len()));
    let obtained_at = u64::try_from(dated.obtained_at.as_millis()).unwrap_or(u64::MAX);
    bytes.extend_from_slice(&obtained_at.to_be_bytes());
    bytes.extend_from_slice(&dated.base.to_be_bytes());
    bytes.extend_from_slice(&tokens);
    Ok(bytes)
}

pub(super) fn decode(bytes: &[u8]) -> Result<Dated> {
    let short = || {
        Error::new(ErrorKind::Decode, "oauth.tokens").with_message("stored tokens are cut short")
    };
    let (obtained_at, rest) = bytes.split_first_chunk().ok_or_else(short)?;
    let (base, tokens) = rest.split_first_chunk().ok_or_else(short)?;
    Ok(Dated {
        tokens: stored::decode(tokens)?,
        obtained_at: Duration::from_millis(u64::from_be_bytes(*obtained_at)),
        base: u64::from_be_bytes(*base),
    })
}

#[cfg(test)]
mod tests {
    use integration_core::ExposeSecret;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(obtained_ms: u64, base: u64, token in "[!-~]{1,40}") {
            let dated = Dated {
                tokens: TokenSet::new(token.clone()),
                obtained_at: Duration::from_millis(obtained_ms),
                base,
            };
            let bytes = encode(&dated).unwrap();
            let read = decode(&bytes).unwrap();
            prop_assert_eq!((read.obtained_at, read.base), (dated.obtained_at, base));
            prop_assert_eq!(read.tokens.access_token.expose_secret(), token);
            for cut in [0, HEAD - 1, HEAD, bytes.len() - 1] {
                prop_assert!(decode(&bytes[..cut]).is_err());
            }
        }
    }
}
