//! Logout tokens that were taken already.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};

use crate::limits::MAX_LOGOUTS_SEEN;

/// The hash of an issuer and its `jti`.
pub(super) type Id = [u8; 32];

/// Remembers the ids of logout tokens until they expire, at most [`MAX_LOGOUTS_SEEN`] of them.
///
/// When it is full the ones that expire first are forgotten. To take one of those again would end
/// a session that has ended, no more.
#[derive(Debug, Default)]
pub(super) struct Seen {
    by_id: BTreeMap<Id, Duration>,
    by_end: BTreeSet<(Duration, Id)>,
}

impl Seen {
    /// Tells whether this is the first time that a token comes; `ends_at` and `now` are since the
    /// Unix epoch.
    pub(super) fn is_first(&mut self, id: Id, ends_at: Duration, now: Duration) -> bool {
        while self.by_end.first().is_some_and(|(end, _)| *end <= now) {
            self.forget_first();
        }
        if self.by_id.contains_key(&id) {
            return false;
        }
        if self.by_id.len() >= MAX_LOGOUTS_SEEN {
            self.forget_first();
        }
        self.by_id.insert(id, ends_at);
        self.by_end.insert((ends_at, id));
        true
    }

    pub(super) fn forget(&mut self, id: &Id) {
        if let Some(end) = self.by_id.remove(id) {
            self.by_end.remove(&(end, *id));
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, id)) = self.by_end.pop_first() {
            self.by_id.remove(&id);
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
        assert_eq!((seen.by_id.len(), seen.by_end.len()), (1, 1));
    }

    #[test]
    fn a_token_that_was_forgotten_is_taken_again() {
        let mut seen = Seen::default();
        assert!(seen.is_first(id_of("a", "1"), LATER, NOW));
        seen.forget(&id_of("a", "1"));
        assert!(seen.by_end.is_empty());
        assert!(seen.is_first(id_of("a", "1"), LATER, NOW));
    }

    #[test]
    fn a_flood_of_tokens_is_bounded() {
        let mut seen = Seen::default();
        for i in 0..=MAX_LOGOUTS_SEEN {
            assert!(seen.is_first(id_of("a", &i.to_string()), LATER, NOW));
        }
        assert_eq!(seen.by_id.len(), MAX_LOGOUTS_SEEN);
        assert_eq!(seen.by_end.len(), MAX_LOGOUTS_SEEN);
    }
}
