//! Numbers that are kept as they were written: `1.10`, `1e3`, and integers above 64 bits.

use super::{Slot, builder::Builder};

impl Builder<'_> {
    /// Gives the numbers that became floating point the text they have in the input, which has been
    /// read and is thus JSON.
    pub(super) fn name_numbers(&mut self) {
        if !self.slots.iter().any(|slot| matches!(slot, Slot::Float(_))) {
            return;
        }
        let is_number =
            |slot: &&mut Slot| matches!(slot, Slot::Int(_) | Slot::Large(_) | Slot::Float(_));
        let slots = self.slots.iter_mut().filter(is_number);
        for (slot, (at, len)) in slots.zip(Numbers::of(self.input)) {
            let named = (u32::try_from(at), u32::try_from(len));
            if let (Slot::Float(_), (Ok(at), Ok(len))) = (&slot, named) {
                *slot = Slot::Number { at, len };
            }
        }
    }
}

/// The one field of what `serde_json` makes of a number where some crate of the program switched its
/// feature `arbitrary_precision` on.
const TOKEN: &str = "$serde_json::private::Number";

impl Builder<'_> {
    /// Makes a number of the object that stands for one, if the slots from `at` on are such.
    pub(super) fn unwrap_number(&mut self, at: usize) {
        let Some(
            [
                Slot::Object { len: 1, .. },
                key,
                Slot::Text { at: from, len },
            ],
        ) = self.slots.get(at..)
        else {
            return;
        };
        let text = |from: u32, len: u32| self.text_at(from as usize, len as usize);
        let (from, len) = (*from, *len);
        let is_token = matches!(key, Slot::Text { at, len } if text(*at, *len) == TOKEN);
        let number = text(from, len);
        if !is_token || !number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return;
        }
        let slot = match (number.parse(), number.parse()) {
            (Ok(value), _) => Slot::Int(value),
            (_, Ok(value)) => Slot::Large(value),
            _ if number.parse::<f64>().is_ok() => Slot::Number { at: from, len },
            _ => return,
        };
        self.slots.truncate(at);
        self.slots.push(slot);
    }

    /// Text of the input, or of what was spilled behind it.
    fn text_at(&self, at: usize, len: usize) -> &str {
        let (from, at) = match at.checked_sub(self.input.len()) {
            Some(behind) => (self.spill.as_str(), behind),
            None => (self.input, at),
        };
        from.get(at..at + len).unwrap_or_default()
    }
}

/// Where the numbers of a JSON text are, in their order: the byte they begin with and their length.
struct Numbers<'i> {
    bytes: &'i [u8],
    at: usize,
}

impl<'i> Numbers<'i> {
    fn of(text: &'i str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
        }
    }

    fn skip_string(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += match byte {
                b'\\' => 2,
                _ => 1,
            };
            if *byte == b'"' {
                return;
            }
        }
    }
}

impl Iterator for Numbers<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if byte == b'-' || byte.is_ascii_digit() {
                break;
            }
            self.at += 1;
            if byte == b'"' {
                self.skip_string();
            }
        }
        let at = self.at;
        let is_inside = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let rest = self.bytes.get(at..).unwrap_or_default();
        let len = rest.iter().take_while(is_inside).count();
        self.at += len;
        Some((at, len))
    }
}
