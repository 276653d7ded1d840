//! Reads a few strings out of a JSON body without building a tree of it.

use std::{borrow::Cow, fmt};

use serde::de::{
    Deserialize as _, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// Most steps of a pointer.
pub const MAX_POINTER_STEPS: usize = 16;

/// Most paths looked for in one pass.
const MAX_PATHS: usize = 8;

/// A JSON pointer (RFC 6901) that finds one string or whole number in a body.
///
/// ```
/// use integration_webhooks::JsonPointer;
///
/// let customer = JsonPointer::parse("/data/object/customer").unwrap();
/// let body = br#"{"data":{"object":{"customer":"cus_1"}}}"#;
/// assert_eq!(customer.find(body).as_deref(), Some("cus_1"));
/// assert_eq!(customer.find(b"not JSON"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPointer(Vec<String>);

impl JsonPointer {
    /// Reads a pointer of at most [`MAX_POINTER_STEPS`] steps.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a sentence.
    pub fn parse(pointer: &str) -> Result<Self, &'static str> {
        parse(pointer).map(Self)
    }

    /// Returns what it points to; `None` if the body is not JSON or has no string or whole number
    /// there.
    #[must_use]
    pub fn find<'a>(&self, body: &'a [u8]) -> Option<Cow<'a, str>> {
        let [found] = find(body, [self.0.as_slice()])?;
        found
    }
}

/// Parses a JSON pointer (RFC 6901) such as `/data/object/id` into its steps.
///
/// The error says what is wrong. The empty pointer, which means the whole document, is refused.
pub(crate) fn parse(pointer: &str) -> Result<Vec<String>, &'static str> {
    let Some(steps) = pointer.strip_prefix('/') else {
        return Err("a JSON pointer starts with `/`");
    };
    if steps.split('/').count() > MAX_POINTER_STEPS {
        return Err("a JSON pointer has at most 16 steps");
    }
    steps.split('/').map(unescape).collect()
}

/// Finds the strings (and whole numbers) at `paths`, `None` if the body is not JSON.
///
/// Of repeated keys the last counts, as it does in JavaScript and Python.
pub(crate) fn find<'a, S: AsRef<str>, const N: usize>(
    body: &'a [u8],
    paths: [&[S]; N],
) -> Option<[Option<Cow<'a, str>>; N]> {
    const { assert!(N <= MAX_PATHS, "the set of live paths is a byte") };
    let mut found = [const { None }; N];
    let mut json = serde_json::Deserializer::from_slice(body);
    let live = paths
        .iter()
        .enumerate()
        .fold(0, |live, (path, _)| live | (1 << path));
    let walk = Walk {
        paths: &paths,
        found: &mut found,
        depth: 0,
        live,
    };
    walk.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(found)
}

fn unescape(step: &str) -> Result<String, &'static str> {
    let tildes = step.matches('~').count();
    if tildes != step.matches("~0").count() + step.matches("~1").count() {
        return Err("in a JSON pointer `~` is written `~0` and `/` is written `~1`");
    }
    Ok(step.replace("~1", "/").replace("~0", "~"))
}

/// One value of the document, `depth` steps down, with the paths that lead through it.
struct Walk<'w, 'a, S> {
    paths: &'w [&'w [S]],
    found: &'w mut [Option<Cow<'a, str>>],
    depth: usize,
    /// Bit n is set while path n can still lead here.
    live: u8,
}

impl<'a, S: AsRef<str>> Walk<'_, 'a, S> {
    fn each(live: u8) -> impl Iterator<Item = usize> {
        (0..MAX_PATHS).filter(move |path| live & (1 << path) != 0)
    }

    /// The paths that go on with this key or index.
    fn through(&self, step: &str) -> u8 {
        Self::each(self.live)
            .filter(|&path| {
                self.paths[path]
                    .get(self.depth)
                    .is_some_and(|want| want.as_ref() == step)
            })
            .fold(0, |live, path| live | (1 << path))
    }

    /// The value one step further down; what an earlier equal key had is forgotten.
    fn step(&mut self, live: u8) -> Walk<'_, 'a, S> {
        for path in Self::each(live) {
            self.found[path] = None;
        }
        Walk {
            paths: self.paths,
            found: self.found,
            depth: self.depth + 1,
            live,
        }
    }

    fn set(self, text: Cow<'a, str>) {
        for path in Self::each(self.live) {
            if self.paths[path].len() == self.depth {
                self.found[path] = Some(text.clone());
            }
        }
    }
}

impl<'a, S: AsRef<str>> DeserializeSeed<'a> for Walk<'_, 'a, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        if self.live == 0 {
            return IgnoredAny::deserialize(json).map(drop);
        }
        json.deserialize_any(self)
    }
}

impl<'a, S: AsRef<str>> Visitor<'a> for Walk<'_, 'a, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        self.set(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.set(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.set(Cow::Owned(number.to_string()));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.set(Cow::Owned(number.to_string()));
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<M: MapAccess<'a>>(mut self, mut map: M) -> Result<(), M::Error> {
        while let Some(live) = map.next_key_seed(Key(&self))? {
            map.next_value_seed(self.step(live))?;
        }
        Ok(())
    }

    fn visit_seq<Q: SeqAccess<'a>>(mut self, mut seq: Q) -> Result<(), Q::Error> {
        for index in 0_usize.. {
            let live = self.through(itoa(index, &mut [0; 20]));
            if seq.next_element_seed(self.step(live))?.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// Reads a key as the set of paths that lead through it, without keeping its text.
struct Key<'k, 'w, 'a, S>(&'k Walk<'w, 'a, S>);

impl<'a, S: AsRef<str>> DeserializeSeed<'a> for Key<'_, '_, 'a, S> {
    type Value = u8;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<u8, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'a, S: AsRef<str>> Visitor<'a> for Key<'_, '_, 'a, S> {
    type Value = u8;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<u8, E> {
        Ok(self.0.through(key))
    }
}

/// Writes an index as decimal text into `room`: long arrays must not allocate per element.
fn itoa(mut index: usize, room: &mut [u8; 20]) -> &str {
    let mut start = room.len();
    loop {
        start -= 1;
        room[start] = b'0' + u8::try_from(index % 10).unwrap_or_default();
        index /= 10;
        if index == 0 || start == 0 {
            break;
        }
    }
    room.get(start..)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(body: &str, pointer: &str) -> Option<String> {
        let path = parse(pointer).unwrap();
        let [found] = find(body.as_bytes(), [&path[..]])?;
        found.map(Cow::into_owned)
    }

    #[test]
    fn values_are_found_where_the_pointer_says() {
        let body = r#"{"a":{"b":["x",{"c":"deep"}]},"n":42,"m":-7,"a/b":"slash","~":"tilde"}"#;
        for (pointer, want) in [
            ("/a/b/0", Some("x")),
            ("/a/b/1/c", Some("deep")),
            ("/n", Some("42")),
            ("/m", Some("-7")),
            ("/a~1b", Some("slash")),
            ("/~0", Some("tilde")),
            ("/a", None),
            ("/a/b/00", None),
            ("/a/b/9", None),
            ("/missing", None),
        ] {
            assert_eq!(one(body, pointer).as_deref(), want, "{pointer}");
        }
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        assert_eq!(one(r#"{"id":"a","id":"b"}"#, "/id").as_deref(), Some("b"));
        assert_eq!(one(r#"{"e":{"id":"a"},"e":{}}"#, "/e/id"), None);
    }

    #[test]
    fn what_is_not_json_as_a_whole_is_not_read() {
        for body in [
            "",
            "{",
            "{\"id\":\"a\"} x",
            "\u{feff}{\"id\":\"a\"}",
            "id=a",
        ] {
            assert_eq!(one(body, "/id"), None, "{body:?}");
        }
    }

    #[test]
    fn rubbish_in_a_string_matters_only_where_it_is_read() {
        let path = parse("/id").unwrap();
        let found = |body: &[u8]| find(body, [&path[..]]).map(|[id]| id.map(Cow::into_owned));
        assert_eq!(
            found(b"{\"x\":\"\xff\",\"id\":\"a\"}"),
            Some(Some("a".to_owned()))
        );
        assert_eq!(
            found(br#"{"x":"\ud800","id":"a"}"#),
            Some(Some("a".to_owned()))
        );
        assert_eq!(found(b"{\"id\":\"\xff\"}"), None);
        assert_eq!(found(br#"{"id":"\ud800"}"#), None);
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(one(r#"{"id":"\u00e9\n"}"#, "/id").as_deref(), Some("é\n"));
    }

    #[test]
    fn a_pointer_has_a_slash_escapes_and_a_bounded_length() {
        for wrong in ["", "id", "/a~", "/a~2"] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(parse(&"/a".repeat(MAX_POINTER_STEPS)).is_ok());
        assert!(parse(&"/a".repeat(MAX_POINTER_STEPS + 1)).is_err());
    }
}
