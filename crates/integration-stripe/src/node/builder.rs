//! Fills a document from any serde format; for JSON text the strings stay where they are.

use std::{fmt, sync::Arc};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Document, MAX_BYTES, MAX_DEPTH, Node, Slot};

pub(super) struct Builder<'i> {
    pub(super) input: &'i str,
    /// Strings that are not a part of the input.
    pub(super) spill: String,
    pub(super) slots: Vec<Slot>,
    depth: usize,
}

impl<'i> Builder<'i> {
    pub(super) fn over(input: &'i str) -> Self {
        Self {
            input,
            spill: String::new(),
            // Stripe indents its texts: about one value in twelve bytes.
            slots: Vec::with_capacity(input.len() / 12 + 4),
            depth: 0,
        }
    }

    pub(super) fn empty_object() -> Node {
        let mut builder = Self::over("");
        builder.slots.push(Slot::Object { len: 0, end: 1 });
        builder.finish()
    }

    pub(super) fn read_json(&mut self) -> serde_json::Result<()> {
        let mut json = serde_json::Deserializer::from_str(self.input);
        self.deserialize(&mut json)?;
        json.end()?;
        self.name_numbers();
        Ok(())
    }

    pub(super) fn finish(self) -> Node {
        let text = if self.spill.is_empty() {
            self.input.into()
        } else {
            [self.input, &self.spill].concat().into()
        };
        Node {
            document: Arc::new(Document {
                text,
                slots: self.slots.into(),
            }),
            at: 0,
        }
    }

    fn push<E: de::Error>(&mut self, slot: Slot) -> Result<(), E> {
        self.slots.push(slot);
        Ok(())
    }

    fn text<E: de::Error>(&mut self, text: &str) -> Result<(), E> {
        // A string without escapes is lent from the input, which is then the place it is read from.
        let offset = (text.as_ptr() as usize).wrapping_sub(self.input.as_ptr() as usize);
        let lent = offset
            .checked_add(text.len())
            .is_some_and(|end| end <= self.input.len());
        let at = if lent {
            offset
        } else {
            let at = self.input.len() + self.spill.len();
            if at + text.len() > 2 * MAX_BYTES {
                return Err(de::Error::custom("more text than a document holds"));
            }
            self.spill.push_str(text);
            at
        };
        match (u32::try_from(at), u32::try_from(text.len())) {
            (Ok(at), Ok(len)) => self.push(Slot::Text { at, len }),
            _ => Err(de::Error::custom("more text than a document holds")),
        }
    }

    /// Puts a container around what `fill` pushes; `fill` tells how many it holds.
    fn nest<E: de::Error>(
        &mut self,
        close: fn(u32, u32) -> Slot,
        fill: impl FnOnce(&mut Self) -> Result<u32, E>,
    ) -> Result<(), E> {
        if self.depth == MAX_DEPTH {
            return Err(de::Error::custom("nested too deeply"));
        }
        self.depth += 1;
        let at = self.slots.len();
        self.slots.push(Slot::Null);
        let len = fill(self)?;
        self.depth -= 1;
        let end = u32::try_from(self.slots.len()).map_err(de::Error::custom)?;
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = close(len, end);
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for &mut Builder<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Builder<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.push(Slot::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        self.push(Slot::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.push(Slot::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.push(Slot::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.push(i64::try_from(value).map_or(Slot::Large(value), Slot::Int))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.push(Slot::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.text(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        self.nest(
            |len, end| Slot::Array { len, end },
            |inside| {
                let mut len = 0;
                while from.next_element_seed(&mut *inside)?.is_some() {
                    len += 1;
                }
                Ok(len)
            },
        )
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        let at = self.slots.len();
        self.nest(
            |len, end| Slot::Object { len, end },
            |inside| {
                let mut len = 0;
                while from.next_key_seed(Key(inside))?.is_some() {
                    from.next_value_seed(&mut *inside)?;
                    len += 1;
                }
                Ok(len)
            },
        )?;
        self.unwrap_number(at);
        Ok(())
    }
}

/// Reads a key, which is a string in every format we take.
struct Key<'b, 'i>(&'b mut Builder<'i>);

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.0.text(value)
    }
}
