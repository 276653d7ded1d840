//! Bytes that are known to be UTF-8.

use bytes::Bytes;

/// UTF-8 that may be a slice of a chunk.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Text(Bytes);

impl Text {
    /// Decodes what is there; nothing costs nothing.
    pub(super) fn of(bytes: Bytes) -> Option<Self> {
        (!bytes.is_empty()).then(|| Self::lossy(bytes))
    }

    /// Decodes as the standard says: each broken sequence becomes U+FFFD. Copies only then.
    ///
    /// A line at a time gives what the whole stream would: a line end is never inside a sequence.
    pub(super) fn lossy(bytes: Bytes) -> Self {
        // Most text is ASCII, and that is found out much faster.
        if is_ascii(&bytes) || std::str::from_utf8(&bytes).is_ok() {
            return Self(bytes);
        }
        Self(String::from_utf8_lossy(&bytes).into_owned().into())
    }

    /// The bytes are checked again: that is the price of having no unsafe code.
    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(super) const fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// Looks at whole words. The last one overlaps the one before: byte by byte the rest of a short
/// text would cost more than all words.
fn is_ascii(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk() else {
        return bytes.is_ascii();
    };
    let words = bytes.as_chunks().0.iter().chain([last]);
    let seen = words.fold(0, |seen, word| seen | u64::from_ne_bytes(*word));
    seen & 0x8080_8080_8080_8080 == 0
}

#[cfg(test)]
mod tests {
    use super::is_ascii;

    #[test]
    fn one_byte_that_is_not_ascii_is_found_wherever_it_is() {
        for len in 0..100 {
            let mut text = vec![b'a'; len];
            assert!(is_ascii(&text));
            for place in 0..len {
                text[place] = 0x80;
                assert!(!is_ascii(&text), "{place} of {len}");
                text[place] = b'a';
            }
        }
    }
}
