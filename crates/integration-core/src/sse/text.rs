//! Bytes that are known to be UTF-8.

use bytes::Bytes;

/// UTF-8 that may be a slice of a chunk.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Text(Bytes);

impl Text {
    pub(super) const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// Decodes as the standard says: each broken sequence becomes U+FFFD. Copies only then.
    ///
    /// A line at a time gives what the whole stream would: a line end is never inside a sequence.
    pub(super) fn lossy(bytes: Bytes) -> Self {
        if std::str::from_utf8(&bytes).is_ok() {
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
