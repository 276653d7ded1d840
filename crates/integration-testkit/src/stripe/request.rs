//! What a client asked for.

use http::Method;
use serde_json::{Map, Value, json};

use super::refusal::{Refusal, Result};
use crate::Received;

/// A request of the API.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// `v1` or `v2`.
    pub(super) version: String,
    /// The path below the version, in its parts.
    pub(super) path: Vec<String>,
    pub(super) params: Params,
    pub(super) key: Option<String>,
    /// The connected account that it is for.
    pub(super) account: Option<String>,
    /// All that must be equal under one idempotency key.
    pub(super) fingerprint: (String, Vec<u8>),
    pub(super) is_authorized: bool,
}

/// Parameters by their full names, such as `card[number]`.
#[derive(Clone, Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Request {
    pub(super) fn read(received: &Received) -> Self {
        let (path, query) = received
            .path
            .split_once('?')
            .unwrap_or((&received.path, ""));
        let is_post = received.method == Method::POST;
        let text = if is_post {
            &received.body[..]
        } else {
            query.as_bytes()
        };
        let pairs = form_urlencoded::parse(text).into_owned().collect();
        let header = |name| Some(received.header(name)).filter(|text| !text.is_empty());
        let secret = received.header("authorization");
        let mut parts = path.trim_start_matches('/').split('/').map(str::to_owned);
        // A context may name several accounts, from the outermost to the one that is meant.
        let context = header("stripe-context").and_then(|path| path.rsplit('/').next());
        Self {
            method: received.method.clone(),
            version: parts.next().unwrap_or_default(),
            path: parts.collect(),
            params: Params(pairs),
            key: header("idempotency-key")
                .filter(|_| is_post)
                .map(str::to_owned),
            account: header("stripe-account").or(context).map(str::to_owned),
            fingerprint: (path.to_owned(), received.body.to_vec()),
            is_authorized: ["Bearer sk_", "Bearer rk_"]
                .iter()
                .any(|start| secret.starts_with(start)),
        }
    }
}

impl Params {
    pub(super) fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let pairs = pairs.into_iter();
        Self(pairs.map(|(name, text)| (name.to_owned(), text)).collect())
    }

    /// What is sent last counts.
    pub(super) fn with(mut self, name: &str, text: &str) -> Self {
        self.0.push((name.to_owned(), text.to_owned()));
        self
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter().rev();
        pairs.find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }

    /// What is not empty: an empty text unsets.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    pub(super) fn required(&self, name: &str) -> Result<&str> {
        self.given(name)
            .ok_or_else(|| Refusal::param("parameter_missing", name, "is required"))
    }

    /// An amount in the smallest unit, above 0.
    pub(super) fn amount(&self, name: &str) -> Result<Option<i64>> {
        self.integer(name, 1, "must be an integer above 0")
    }

    /// A time, a count, or an amount that may be 0.
    pub(super) fn count(&self, name: &str) -> Result<Option<i64>> {
        self.integer(name, 0, "must be an integer that is not below 0")
    }

    fn integer(&self, name: &str, least: i64, rule: &str) -> Result<Option<i64>> {
        let wrong = || Refusal::param("parameter_invalid_integer", name, rule);
        let Some(text) = self.given(name) else {
            return Ok(None);
        };
        let number: i64 = text.parse().map_err(|_| wrong())?;
        (number >= least).then_some(Some(number)).ok_or_else(wrong)
    }

    /// One of these words.
    pub(super) fn word<'a>(
        &'a self,
        name: &str,
        words: &[&str],
        default: &'a str,
    ) -> Result<&'a str> {
        let word = self.given(name).unwrap_or(default);
        if words.contains(&word) {
            return Ok(word);
        }
        let rule = format!("must be one of {}", words.join(", "));
        Err(Refusal::param("parameter_invalid_enum", name, &rule))
    }

    /// The parameters inside another one, with what is left of their names.
    pub(super) fn inside(&self, name: &str) -> Self {
        let pairs = self.0.iter().filter_map(|(key, value)| {
            let (first, rest) = key.strip_prefix(name)?.strip_prefix('[')?.split_once(']')?;
            Some((format!("{first}{rest}"), value.clone()))
        });
        Self(pairs.collect())
    }

    /// The objects of an array, in the order of their numbers.
    pub(super) fn array(&self, name: &str) -> Vec<Self> {
        let inside = self.inside(name);
        let parts = inside.0.iter().filter_map(|(key, _)| {
            let (number, _) = key.split_once('[')?;
            number.parse().ok()
        });
        let mut numbers: Vec<usize> = parts.collect();
        numbers.sort_unstable();
        numbers.dedup();
        let one = |number: &usize| inside.inside(&number.to_string());
        numbers.iter().map(one).collect()
    }

    /// The texts of an array, with numbers or without.
    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        let pairs = self.0.iter().filter_map(|(key, value)| {
            let number = key
                .strip_prefix(name)?
                .strip_prefix('[')?
                .strip_suffix(']')?;
            let is_number = number.bytes().all(|letter| letter.is_ascii_digit());
            is_number.then_some(value.as_str())
        });
        pairs.collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Values below a name, such as `metadata`; an empty one unsets its key.
    pub(super) fn merge(&self, name: &str, into: &mut Map<String, Value>) {
        for (key, value) in self.inside(name).0 {
            match (key.contains('['), value.is_empty()) {
                (true, _) => {}
                (false, true) => drop(into.remove(&key)),
                (false, false) => drop(into.insert(key, json!(value))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_an_array_are_read_in_the_order_of_their_numbers() {
        let params = Params::of([
            ("items[10][price]", "c".to_owned()),
            ("items[2][price]", "b".to_owned()),
            (
                "items[0][price_data][recurring][interval]",
                "day".to_owned(),
            ),
            ("items[0][quantity]", "7".to_owned()),
            ("itemsX[1][price]", "other".to_owned()),
        ]);
        let items = params.array("items");
        assert_eq!(items.len(), 3);
        let recurring = items[0].inside("price_data").inside("recurring");
        assert_eq!(recurring.text("interval"), Some("day"));
        assert_eq!(items[0].count("quantity").unwrap(), Some(7));
        assert_eq!(items[1].text("price"), Some("b"));
        assert_eq!(items[2].text("price"), Some("c"));
    }

    #[test]
    fn texts_of_an_array_may_have_numbers_or_not() {
        let params = Params::of([
            ("types[]", "a".to_owned()),
            ("types[1]", "b".to_owned()),
            ("types[x]", "c".to_owned()),
        ]);
        assert_eq!(params.texts("types"), ["a", "b"]);
    }

    #[test]
    fn metadata_is_merged_key_by_key() {
        let params = Params::of([
            ("metadata[new]", "1".to_owned()),
            ("metadata[old]", String::new()),
        ]);
        let mut metadata = Map::from_iter([("old".to_owned(), json!("0"))]);
        params.merge("metadata", &mut metadata);
        assert_eq!(Value::Object(metadata), json!({"new": "1"}));
    }

    #[test]
    fn numbers_are_refused_outside_of_their_range() {
        let number = |text: &str| Params::of([("n", text.to_owned())]);
        for text in ["0", "-1", "1.5", "x", "9223372036854775808"] {
            assert!(number(text).amount("n").is_err(), "{text}");
        }
        assert_eq!(number("0").count("n").unwrap(), Some(0));
        assert_eq!(number("").count("n").unwrap(), None);
    }
}
