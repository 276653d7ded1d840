//! Nodes to and from every serde format.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::DeserializeSeed,
    ser::{SerializeMap, SerializeSeq},
};

use super::{Cursor, Node, Slot, builder::Builder};

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        self.cursor().serialize(into)
    }
}

impl Serialize for Cursor<'_> {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        match self.slot() {
            Slot::Null => into.serialize_unit(),
            Slot::Bool(value) => into.serialize_bool(value),
            Slot::Int(value) => into.serialize_i64(value),
            Slot::Large(value) => into.serialize_u64(value),
            Slot::Float(value) => into.serialize_f64(value),
            Slot::Number { .. } => match self.f64() {
                Some(value) => into.serialize_f64(value),
                None => into.serialize_unit(),
            },
            Slot::Text { .. } => into.serialize_str(self.str().unwrap_or_default()),
            Slot::Array { len, .. } => {
                let mut seq = into.serialize_seq(Some(len as usize))?;
                for item in self.items() {
                    seq.serialize_element(&item)?;
                }
                seq.end()
            }
            Slot::Object { len, .. } => {
                let mut map = into.serialize_map(Some(len as usize))?;
                for (key, value) in self.entries() {
                    map.serialize_entry(key, &value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut builder = Builder::over("");
        builder.deserialize(from)?;
        Ok(builder.finish())
    }
}
