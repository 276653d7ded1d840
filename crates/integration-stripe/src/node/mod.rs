//! What Stripe sent, parsed once and kept whole: fields we know, fields we do not, and their order.
//!
//! A [`Node`] is a place in a parsed text. It is cheap to clone, because all places of one text
//! share it, and a getter looks up its field when it is called: nothing fails to parse because a
//! field is new, missing or of another type.

mod builder;
mod cursor;
mod number;
mod serde;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use integration_core::{Error, ErrorKind, Result};

use self::builder::Builder;
pub(crate) use self::cursor::Cursor;

/// Bytes of the largest text that is parsed: 32 MiB.
pub const MAX_BYTES: usize = 32 << 20;

/// Arrays and objects within each other.
pub const MAX_DEPTH: usize = 127;

/// A value in a parsed JSON text.
///
/// ```
/// use integration_stripe::Node;
///
/// # fn main() -> integration_stripe::Result<()> {
/// let node = Node::parse(br#"{"id":"ch_1","amount":1200,"new":[true]}"#)?;
/// assert_eq!(node.get("amount").and_then(|n| n.i64()), Some(1200));
/// assert_eq!(node.to_string(), r#"{"id":"ch_1","amount":1200,"new":[true]}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Node {
    document: Arc<Document>,
    at: u32,
}

/// A text in the order it was read: a container is followed by what it holds.
struct Document {
    /// The text as it came, then the strings that had escapes, without them.
    text: Box<str>,
    slots: Box<[Slot]>,
}

/// One value, or the key of the value after it.
#[derive(Clone, Copy)]
enum Slot {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    Large(u64),
    Float(f64),
    /// A number that is none of the above when it is read from a JSON text: bytes of that text.
    Number {
        at: u32,
        len: u32,
    },
    /// Bytes of the document's text.
    Text {
        at: u32,
        len: u32,
    },
    /// `end` is the slot after the last one inside.
    Array {
        len: u32,
        end: u32,
    },
    /// As an array, of `len` keys each followed by its value.
    Object {
        len: u32,
        end: u32,
    },
}

impl Node {
    /// Parses a JSON text.
    ///
    /// Numbers are kept as they are written, so that `1.10` and integers above 64 bits come back
    /// [as text](Self#impl-Display-for-Node); a key that comes twice is kept twice, and the first is
    /// read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when it is no JSON, above [`MAX_BYTES`], or nested deeper than
    /// [`MAX_DEPTH`]. The error shows nothing of the text.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let refuse = |rule| Error::new(ErrorKind::Decode, "stripe.parse").with_message(rule);
        if text.len() > MAX_BYTES {
            return Err(refuse("the text is above 32 MiB"));
        }
        let text = std::str::from_utf8(text)
            .map_err(|e| refuse("the text is not UTF-8").with_source(e))?;
        let mut builder = Builder::over(text);
        builder
            .read_json()
            .map_err(|e| refuse("the text is not JSON").with_source(e))?;
        Ok(builder.finish())
    }

    /// Returns the value of a key; `None` when this is no object or has no such key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Self> {
        self.cursor().get(key).map(Cursor::node)
    }

    /// Returns the text of a string.
    #[must_use]
    pub fn str(&self) -> Option<&str> {
        self.cursor().str()
    }

    /// Returns an integer; `1000.0` is one too.
    #[must_use]
    pub fn i64(&self) -> Option<i64> {
        self.cursor().i64()
    }

    /// Returns a number.
    #[must_use]
    pub fn f64(&self) -> Option<f64> {
        self.cursor().f64()
    }

    /// Returns a boolean.
    #[must_use]
    pub fn bool(&self) -> Option<bool> {
        self.cursor().bool()
    }

    /// Tells whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.cursor().is_null()
    }

    /// Tells whether this is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.cursor().is_object()
    }

    /// Tells whether this is an array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.cursor().is_array()
    }

    /// Returns what an array holds, in its order; of anything else nothing.
    pub fn items(&self) -> impl Iterator<Item = Self> {
        self.cursor().items().map(Cursor::node)
    }

    /// Returns what an object holds, in its order; of anything else nothing.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Self)> {
        self.cursor()
            .entries()
            .map(|(key, value)| (key, value.node()))
    }

    #[inline]
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor::new(&self.document, self.at)
    }
}

impl Default for Node {
    /// An object that holds nothing.
    fn default() -> Self {
        Builder::empty_object()
    }
}

impl PartialEq for Node {
    /// Equal as JSON: the order of keys does not count.
    fn eq(&self, other: &Self) -> bool {
        self.cursor().same(other.cursor())
    }
}

impl fmt::Display for Node {
    /// Writes all of it as JSON, each number as it was written: it may hold personal data.
    ///
    /// `serde` has no numbers but those of Rust, so it writes `1.10` as `1.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cursor().write(f)
    }
}

impl fmt::Debug for Node {
    /// Shows names of fields, and of values only `id` and `object`: the others may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cursor().redacted("Node", f)
    }
}
