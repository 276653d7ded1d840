//! JSON objects whose names are unique and whose depth is bounded.
//!
//! Parsers that keep the first or the last of two equal names disagree about what was signed, so a
//! second one is refused at every level. What is read borrows from the bytes: a token is checked with
//! hardly an allocation.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::{limits::MAX_DEPTH, rejection::Rejection};

/// Members up to which names are compared each with each; beyond they are sorted.
const FEW: usize = 16;

/// An object, its members in their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Node<'a>)>);

/// A value of a member.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Object<'a>),
}

/// Parses `bytes` as one object, into values of their own.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, Rejection> {
    Object::parse(bytes)?;
    serde_json::from_slice(bytes).map_err(|_| Rejection::NotJson)
}

impl<'a> Object<'a> {
    /// Parses `bytes` as one object, with nothing but white space around it.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Rejection> {
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
            Ok(Node::Object(object)) => Ok(object),
            _ if duplicate.get() => Err(Rejection::DuplicateName),
            _ => Err(Rejection::NotJson),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Node<'a>> {
        let member = self.0.iter().find(|(found, _)| found == name);
        member.map(|(_, node)| node)
    }

    fn has_duplicates(&self) -> bool {
        let names = self.0.iter().map(|(name, _)| name.as_ref());
        if self.0.len() <= FEW {
            let mut rest = names.clone();
            return names.into_iter().any(|name| {
                rest.next();
                rest.clone().any(|other| other == name)
            });
        }
        let mut sorted: Vec<&str> = names.collect();
        sorted.sort_unstable();
        sorted.windows(2).any(|pair| pair.first() == pair.last())
    }
}

impl Node<'_> {
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
struct Strict<'c> {
    depth: usize,
    duplicate: &'c Cell<bool>,
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
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Node<'de>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Node::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut object = Object(Vec::with_capacity(FEW));
        while let Some(name) = members.next_key_seed(Name)? {
            object.0.push((name, members.next_value_seed(inner)?));
        }
        if object.has_duplicates() {
            self.duplicate.set(true);
            return Err(A::Error::custom("duplicate name"));
        }
        Ok(Node::Object(object))
    }
}

/// The name of a member, borrowed unless it is escaped.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Cow<'de, str>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
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
    fn among_many_names_the_one_that_stands_twice_is_found() {
        for members in [FEW - 1, FEW, FEW + 1, 500] {
            let names: Vec<String> = (0..members).map(|n| format!("\"n{n}\":0")).collect();
            let unique = format!("{{{}}}", names.join(","));
            assert!(object(unique.as_bytes()).is_ok(), "{members}");
            for twice in [0, members / 2, members - 1] {
                let text = format!("{{{},\"n{twice}\":0}}", names.join(","));
                let said = object(text.as_bytes());
                assert_eq!(said, Err(Rejection::DuplicateName), "{members} {twice}");
            }
        }
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
