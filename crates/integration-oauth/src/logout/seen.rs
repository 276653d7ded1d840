//! Logout tokens that were taken already.

use std::{collections::HashMap, time::Duration};

use aws_lc_rs::digest::{Context, SHA256};

use crate::limits::MAX_LOGOUTS_SEEN;

/// The hash of an issuer and its `jti`.
pub(super) type Id = [u8; 32];

/// Remembers the ids of logout tokens until they expire, at most [`MAX_LOGOUTS_SEEN`] of them.
///
/// When it is full the one that expires first is forgotten. To take one of those again would end
/// a session that has ended, no more.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// When each expires. Walked through for each token: there are some thousands at most.
    ends: HashMap<Id, Duration>,
}

impl Seen {
    /// Tells whether this is the first time that a token comes; `ends_at` and `now` are since the
    /// Unix epoch.
    pub(super) fn is_first(&mut self, id: Id, ends_at: Duration, now: Duration) -> bool {
        self.ends.retain(|_, end| *end > now);
        if self.ends.contains_key(&id) {
            return false;
        }
        if self.ends.len() >= MAX_LOGOUTS_SEEN {
            self.forget_first();
        }
        self.ends.insert(id, ends_at);
        true
    }

    pub(super) fn forget(&mut self, id: &Id) {
        self.ends.remove(id);
    }

    fn forget_first(&mut self) {
        let first = self.ends.iter().min_by_key(|(_, end)| **end);
        if let Some(id) = first.map(|(id, _)| *id) {
            self.ends.remove(&id);
        }
    }
}

/// Of a fixed size, whatever the issuer writes as `jti`.
pub(super) fn id_of(issuer: &str, jti: &str) -> Id {
    let mut hash = Context::new(&SHA256);
    hash.update(issuer.as_bytes());
    hash.update(b"\0");
    hash.update(jti.as_bytes());
    let mut id = [0; 32];
    id.copy_from_slice(hash.finish().as_ref());
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_800_000_000);
    const LATER: Duration = Duration::from_secs(1_800_000_120);

    #[test]
    fn a_token_is_taken_once_until_it_expires() {
        let mut seen = Seen::default();
        assert!(seen.is_first(id_of("a", "1"), LATER, NOW));
        assert!(!seen.is_first(id_of("a", "1"), LATER, NOW));
        assert!(seen.is_first(id_of("b", "1"), LATER, NOW), "another issuer");
        assert!(seen.is_first(id_of("a", "2"), LATER, NOW));
        assert!(
            seen.is_first(id_of("a", "1"), LATER, LATER),
            "it has expired"
        );
        assert_eq!(seen.ends.len(), 1);
    }

    #[test]
    fn a_token_that_was_forgotten_is_taken_again() {
        let mut seen = Seen::default();
        assert!(seen.is_first(id_of("a", "1"), LATER, NOW));
        seen.forget(&id_of("a", "1"));
        assert!(seen.ends.is_empty());
        assert!(seen.is_first(id_of("a", "1"), LATER, NOW));
    }

    #[test]
    fn a_flood_of_tokens_is_bounded() {
        let mut seen = Seen::default();
        for i in 0..=MAX_LOGOUTS_SEEN {
            assert!(seen.is_first(id_of("a", &i.to_string()), LATER, NOW));
        }
        assert_eq!(seen.ends.len(), MAX_LOGOUTS_SEEN);
    }
}
