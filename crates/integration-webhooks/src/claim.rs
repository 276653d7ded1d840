//! What a delivery's headers claim, before anything of it is believed.

use std::{borrow::Cow, time::Duration};

use subtle::ConstantTimeEq as _;

use crate::{encoding::Tag, key::Key, rejection::Rejection};

/// Most signatures tried per delivery.
pub const MAX_SIGNATURES: usize = 16;

/// The claim: "these signatures cover `before` + body + `after`".
#[derive(Debug, Default)]
pub(crate) struct Claim<'h> {
    pub(crate) before: Vec<u8>,
    pub(crate) after: Vec<u8>,
    pub(crate) signatures: Vec<Candidate>,
    /// The signed time in Unix seconds.
    pub(crate) timestamp: Option<u64>,
    /// The id, if it came in a header.
    pub(crate) id: Option<HeaderId<'h>>,
}

/// An id taken from a header, and whether the signature covers that header.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HeaderId<'h> {
    Signed(&'h str),
    Unsigned(&'h str),
}

/// One signature of a delivery.
#[derive(Clone)]
pub(crate) enum Candidate {
    Mac(Tag),
    Ed25519(Box<[u8; 64]>),
}

impl Claim<'_> {
    /// Says whether any signature fits `key` over `body`.
    pub(crate) fn fits(&self, key: &Key, body: &[u8]) -> bool {
        if key.is_asymmetric() {
            return self.fits_ed25519(key, body);
        }
        let Some(tag) = key.tag([&self.before, body, &self.after]) else {
            return false;
        };
        self.signatures.iter().any(|candidate| match candidate {
            Candidate::Mac(mac) => mac.as_bytes().ct_eq(tag.as_bytes()).into(),
            Candidate::Ed25519(_) => false,
        })
    }

    fn fits_ed25519(&self, key: &Key, body: &[u8]) -> bool {
        let mut signatures = self
            .signatures
            .iter()
            .filter_map(|candidate| match candidate {
                Candidate::Ed25519(signature) => Some(signature),
                Candidate::Mac(_) => None,
            });
        // The content is put together only when there is something to check it against.
        let mut content = Cow::Borrowed(&[][..]);
        signatures.any(|signature| {
            if content.is_empty() {
                content = Cow::Owned([&self.before, body, &self.after].concat());
            }
            key.verifies(&content, signature)
        })
    }

    pub(crate) fn has_mac(&self) -> bool {
        self.signatures
            .iter()
            .any(|candidate| matches!(candidate, Candidate::Mac(_)))
    }

    pub(crate) fn has_ed25519(&self) -> bool {
        self.signatures
            .iter()
            .any(|candidate| matches!(candidate, Candidate::Ed25519(_)))
    }

    /// Refuses a signed time more than `tolerance` away from `now`, to either side.
    pub(crate) fn check_time(&self, now: Duration, tolerance: Duration) -> Result<(), Rejection> {
        let Some(timestamp) = self.timestamp else {
            return Ok(());
        };
        let (now, limit) = (now.as_secs(), tolerance.as_secs());
        let age = now.saturating_sub(timestamp);
        let ahead = timestamp.saturating_sub(now);
        if age > limit {
            return Err(Rejection::TimestampTooOld {
                age: Duration::from_secs(age),
                tolerance,
            });
        }
        if ahead > limit {
            let ahead = Duration::from_secs(ahead);
            return Err(Rejection::TimestampInFuture { ahead, tolerance });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Mac(_) => "Mac",
            Self::Ed25519(_) => "Ed25519",
        })
    }
}
