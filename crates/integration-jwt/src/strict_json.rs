//! JSON objects whose names are unique and whose depth is bounded.
//!
//! Parsers that keep the first or the last of two equal names disagree about what was signed, so a
//! second one is refused at every level.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{limits::MAX_DEPTH, rejection::Rejection};

/// Parses `bytes` as one object, with nothing but white space around it.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, Rejection> {
    let duplicate = Cell::new(false);
    let seed = Strict {
        depth: 0,
        duplicate: &duplicate,
    };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = seed
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value));
    match parsed {
        Ok(Value::Object(object)) => Ok(object),
        _ if duplicate.get() => Err(Rejection::DuplicateName),
        _ => Err(Rejection::NotJson),
    }
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    duplicate: &'a Cell<bool>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        match depth <= MAX_DEPTH {
            true => Ok(Self { depth, ..self }),
            false => Err(E::custom("too deep")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                self.duplicate.set(true);
                return Err(A::Error::custom("duplicate name"));
            }
            object.insert(name, members.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_refused_at_every_level() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"b":[{"a":1,"a":2}]}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert_eq!(
                object(text.as_bytes()),
                Err(Rejection::DuplicateName),
                "{text}"
            );
        }
        assert!(object(br#"{"a":{"a":1},"b":[{"a":2}]}"#).is_ok());
    }

    #[test]
    fn the_depth_is_bounded_at_32_levels() {
        let nested = |levels: usize| {
            let arrays = levels - 1;
            format!("{{\"a\":{}{}}}", "[".repeat(arrays), "]".repeat(arrays))
        };
        assert!(object(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(
            object(nested(MAX_DEPTH + 1).as_bytes()),
            Err(Rejection::NotJson)
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in [
            "",
            "[]",
            "null",
            "\"a\"",
            "{} x",
            "{}{}",
            "{\"a\":\"\u{0}\"}",
            "\u{feff}{}",
        ] {
            assert_eq!(object(text.as_bytes()), Err(Rejection::NotJson), "{text}");
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}"), Err(Rejection::NotJson));
    }
}
