//! What a quota counts.

use std::fmt;

/// The name of what a quota counts: calls, tokens, bytes.
///
/// It is held in place, so that a cost is built without an allocation. Names are told apart by
/// their first [`MAX_LEN`](Self::MAX_LEN) bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unit {
    len: u8,
    bytes: [u8; Self::MAX_LEN],
}

impl Unit {
    /// The bytes of a name that count; a longer name is cut at a character.
    pub const MAX_LEN: usize = 23;

    /// Calls, which every quota counts that was not told another unit.
    pub const CALLS: Self = Self::new("calls");

    /// Names a unit.
    #[must_use]
    pub const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        let mut end = if name.len() > Self::MAX_LEN {
            Self::MAX_LEN
        } else {
            name.len()
        };
        // A byte 10xxxxxx continues a character: never cut before it.
        while end < name.len() && end > 0 && name[end] & 0b1100_0000 == 0b1000_0000 {
            end -= 1;
        }
        let mut unit = Self {
            len: 0,
            bytes: [0; Self::MAX_LEN],
        };
        let mut at = 0;
        while at < end {
            unit.bytes[at] = name[at];
            unit.len += 1;
            at += 1;
        }
        unit
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.bytes
            .get(..usize::from(self.len))
            .and_then(|name| std::str::from_utf8(name).ok())
            .unwrap_or_default()
    }

    /// Tells whether the name is empty, which no quota may have.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl From<&str> for Unit {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.name())
    }
}
