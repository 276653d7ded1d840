//! What a body is made of.

use bytes::Bytes;

/// Bytes that are produced at once: whole alphabets, so that two such pieces join.
const PATTERN: usize = 26 * 2520;

/// A body that is given, or produced while it is sent.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    Given(Bytes),
    /// So many bytes of an alphabet that repeats; the pattern is one piece of it.
    Produced {
        len: u64,
        pattern: Bytes,
    },
}

impl Payload {
    pub(super) fn produced(len: u64) -> Self {
        let pattern = (b'a'..=b'z').cycle().take(PATTERN).collect();
        Self::Produced { len, pattern }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Given(bytes) => bytes.len() as u64,
            Self::Produced { len, .. } => *len,
        }
    }

    /// Returns at most `most` bytes from `at` on; of what is produced it may be fewer.
    pub(super) fn piece(&self, at: u64, most: u64) -> Bytes {
        let most = most.min(self.len().saturating_sub(at));
        let (bytes, start) = match self {
            Self::Given(bytes) => (bytes, at),
            Self::Produced { pattern, .. } => (pattern, at % PATTERN as u64),
        };
        let end = start.saturating_add(most).min(bytes.len() as u64);
        // Both lie within `bytes`, whose length is a usize.
        let [start, end] = [start.min(end), end].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        bytes.slice(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_whole_wherever_they_are_cut() {
        let len = 3 * PATTERN as u64 + 7;
        let payload = Payload::produced(len);
        for most in [1_000, PATTERN as u64 - 1, u64::MAX] {
            let mut at = 0;
            while at < len {
                let piece = payload.piece(at, most);
                assert!(!piece.is_empty() && piece.len() as u64 <= most);
                let first = b'a' + u8::try_from(at % 26).unwrap();
                assert_eq!(piece[0], first, "at {at}");
                at += piece.len() as u64;
            }
            assert_eq!(at, len);
            assert!(payload.piece(at, most).is_empty());
        }
        let given = Payload::Given(Bytes::from_static(b"0123456789"));
        assert_eq!(given.piece(3, 4), "3456");
        assert_eq!(given.piece(8, 4), "89");
        assert_eq!(given.piece(20, 4), "");
    }
}
