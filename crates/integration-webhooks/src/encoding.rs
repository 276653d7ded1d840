//! Strict readers for the text forms signatures and times come in.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Longest digest any scheme uses, in bytes (SHA-512, Ed25519).
pub(crate) const MAX_TAG_BYTES: usize = 64;

/// A decoded signature or a computed MAC of up to [`MAX_TAG_BYTES`] bytes.
#[derive(Clone, Copy)]
pub(crate) struct Tag {
    bytes: [u8; MAX_TAG_BYTES],
    length: usize,
}

impl Tag {
    /// Takes the bytes, `None` if they are too many.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let mut tag = Self {
            bytes: [0; MAX_TAG_BYTES],
            length: bytes.len(),
        };
        tag.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(tag)
    }

    /// Reads lower-case hex; upper case, odd length and anything else is `None`.
    pub(crate) fn from_hex(text: &[u8]) -> Option<Self> {
        let (pairs, rest) = text.as_chunks::<2>();
        if !rest.is_empty() || pairs.is_empty() || pairs.len() > MAX_TAG_BYTES {
            return None;
        }
        let mut tag = Self {
            bytes: [0; MAX_TAG_BYTES],
            length: pairs.len(),
        };
        for (byte, [high, low]) in tag.bytes.iter_mut().zip(pairs) {
            *byte = (nibble(*high)? << 4) | nibble(*low)?;
        }
        Some(tag)
    }

    /// Reads padded, canonical base64 of the standard alphabet; anything else is `None`.
    pub(crate) fn from_base64(text: &[u8]) -> Option<Self> {
        // `decode_slice` wants room for its own estimate, which is up to two bytes over.
        let mut room = [0; MAX_TAG_BYTES + 2];
        let length = STANDARD.decode_slice(text, &mut room).ok()?;
        if length == 0 {
            return None;
        }
        Self::new(room.get(..length)?)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// Reads whole Unix seconds: ASCII digits only, no sign, no blank, no leading zero.
pub(crate) fn unix_seconds(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return None;
    }
    text.parse().ok()
}

/// Writes lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

/// Writes padded base64 of the standard alphabet.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_digits_and_nothing_else() {
        for (text, want) in [
            ("0", Some(0)),
            ("1767225600", Some(1_767_225_600)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("", None),
            ("-1", None),
            ("+1767225600", None),
            ("01767225600", None),
            (" 1767225600", None),
            ("1767225600 ", None),
            ("1767225600.0", None),
            ("1e9", None),
            ("\u{661}\u{662}", None),
        ] {
            assert_eq!(unix_seconds(text), want, "{text:?}");
        }
    }

    #[test]
    fn hex_is_lower_case_and_even() {
        assert_eq!(Tag::from_hex(b"00ff").unwrap().as_bytes(), [0, 255]);
        for wrong in ["", "0", "0g", "00FF", " 00", "00\n", "0x00"] {
            assert!(Tag::from_hex(wrong.as_bytes()).is_none(), "{wrong:?}");
        }
        assert!(Tag::from_hex("ab".repeat(MAX_TAG_BYTES).as_bytes()).is_some());
        assert!(Tag::from_hex("ab".repeat(MAX_TAG_BYTES + 1).as_bytes()).is_none());
    }

    #[test]
    fn base64_is_padded_canonical_and_standard() {
        assert_eq!(Tag::from_base64(b"+/8=").unwrap().as_bytes(), [0xfb, 0xff]);
        for wrong in [
            "", "+/8", "-_8=", "+/9=", "+/8=a", "+/8==", " +/8=", "+/8=\n",
        ] {
            assert!(Tag::from_base64(wrong.as_bytes()).is_none(), "{wrong:?}");
        }
        assert!(Tag::from_base64(base64(&[7; MAX_TAG_BYTES]).as_bytes()).is_some());
        assert!(Tag::from_base64(base64(&[7; MAX_TAG_BYTES + 1]).as_bytes()).is_none());
    }

    #[test]
    fn hex_is_written_as_it_is_read() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
