//! What a client asked for, and what it is refused with.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::Value;

use crate::Received;

/// A request, read once.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Without its query.
    pub(super) path: String,
    pub(super) query: Params,
    /// The body, where it is a form or a JSON object of texts.
    pub(super) form: Params,
    /// The body, where it is JSON.
    pub(super) json: Value,
    authorization: String,
}

/// Named texts, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

/// An error of OAuth.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) error: String,
    pub(super) description: String,
    /// Whether it is an answer to a bearer token: `WWW-Authenticate` says so.
    pub(super) is_challenge: bool,
}

pub(super) type Result<T> = std::result::Result<T, Refusal>;

impl Request {
    pub(super) fn read(received: &Received) -> Self {
        let (path, query) = received
            .path
            .split_once('?')
            .unwrap_or((&received.path, ""));
        let is_json = received
            .header("content-type")
            .starts_with("application/json");
        let json: Value = match is_json {
            true => serde_json::from_slice(&received.body).unwrap_or_default(),
            false => Value::Null,
        };
        let form = match json.as_object() {
            Some(object) => {
                let texts = object
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
                Params(texts.collect())
            }
            None => Params::parse(&received.body),
        };
        Self {
            method: received.method.clone(),
            path: path.to_owned(),
            query: Params::parse(query.as_bytes()),
            form,
            json,
            authorization: received.header("authorization").to_owned(),
        }
    }

    /// Id and secret of `Authorization: Basic`, which are form-encoded (RFC 6749, 2.3.1).
    pub(super) fn basic(&self) -> Option<(String, String)> {
        let encoded = self.authorization.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((decoded(id), decoded(secret)))
    }

    pub(super) fn bearer(&self) -> Option<&str> {
        self.authorization.strip_prefix("Bearer ")
    }
}

fn decoded(text: &str) -> String {
    let pair = form_urlencoded::parse(text.as_bytes()).next();
    pair.map(|(name, _)| name.into_owned()).unwrap_or_default()
}

impl Params {
    pub(super) fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs.find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }

    pub(super) fn required(&self, name: &str) -> Result<&str> {
        let value = self.get(name).filter(|text| !text.is_empty());
        value.ok_or_else(|| Refusal::new(400, "invalid_request", &format!("{name} is missing")))
    }

    /// What stands between spaces.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        let text = self.get(name).unwrap_or_default();
        text.split_whitespace().map(str::to_owned).collect()
    }

    pub(super) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

impl Refusal {
    pub(super) fn new(status: u16, error: &str, description: &str) -> Self {
        Self {
            status,
            error: error.to_owned(),
            description: description.to_owned(),
            is_challenge: false,
        }
    }

    pub(super) fn request(description: &str) -> Self {
        Self::new(400, "invalid_request", description)
    }

    pub(super) fn grant(description: &str) -> Self {
        Self::new(400, "invalid_grant", description)
    }

    pub(super) fn client(description: &str) -> Self {
        Self::new(401, "invalid_client", description)
    }

    pub(super) fn token(description: &str) -> Self {
        Self {
            is_challenge: true,
            ..Self::new(401, "invalid_token", description)
        }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::new(500, "server_error", &error.to_string())
    }
}
