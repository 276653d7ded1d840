//! What a client asked for, and what it is refused with.

use http::Method;
use serde_json::{Map, Value, json};

use crate::Received;

/// A request of API v1.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// The path below `/v1/`, in its parts.
    pub(super) path: Vec<String>,
    pub(super) params: Params,
    pub(super) key: Option<String>,
    /// All that must be equal under one idempotency key.
    pub(super) fingerprint: (String, Vec<u8>),
    pub(super) is_authorized: bool,
}

/// Parameters by their full names, such as `card[number]`.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

/// An error of Stripe.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) error: Value,
}

pub(super) type Result<T = Value> = std::result::Result<T, Refusal>;

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
        Self {
            method: received.method.clone(),
            path: path
                .strip_prefix("/v1/")
                .unwrap_or_default()
                .split('/')
                .map(str::to_owned)
                .collect(),
            params: Params(pairs),
            key: header("idempotency-key")
                .filter(|_| is_post)
                .map(|key| format!("{} {key}", received.header("stripe-account"))),
            fingerprint: (path.to_owned(), received.body.to_vec()),
            is_authorized: ["Bearer sk_", "Bearer rk_"]
                .iter()
                .any(|start| secret.starts_with(start)),
        }
    }
}

impl Params {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter().rev();
        pairs.find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    pub(super) fn required(&self, name: &str) -> Result<&str> {
        self.text(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Refusal::param("parameter_missing", name, "is required"))
    }

    /// An amount in the smallest unit, above 0.
    pub(super) fn amount(&self, name: &str) -> Result<Option<i64>> {
        let wrong = || {
            Refusal::param(
                "parameter_invalid_integer",
                name,
                "must be an integer above 0",
            )
        };
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let amount: i64 = text.parse().map_err(|_| wrong())?;
        (amount > 0).then_some(Some(amount)).ok_or_else(wrong)
    }

    /// Values below a name, such as `metadata`; an empty one unsets its key.
    pub(super) fn merge(&self, name: &str, into: &mut Map<String, Value>) {
        for (key, value) in &self.0 {
            let inner = key.strip_prefix(name).and_then(|rest| {
                let inner = rest.strip_prefix('[')?.strip_suffix(']')?;
                (!inner.contains('[')).then_some(inner)
            });
            match inner {
                Some(inner) if value.is_empty() => drop(into.remove(inner)),
                Some(inner) => drop(into.insert(inner.to_owned(), json!(value))),
                None => {}
            }
        }
    }

    /// What is asked for in the place of ids.
    pub(super) fn expand(&self) -> impl Iterator<Item = &str> {
        let pairs = self.0.iter();
        pairs.filter_map(|(key, value)| key.starts_with("expand[").then_some(value.as_str()))
    }
}

impl Refusal {
    pub(super) fn new(status: u16, error: Value) -> Self {
        Self { status, error }
    }

    fn invalid(status: u16, code: &str, message: String) -> Self {
        let error = json!({
            "type": "invalid_request_error",
            "code": code,
            "message": message,
            "doc_url": format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")),
        });
        Self::new(status, error)
    }

    pub(super) fn param(code: &str, name: &str, rule: &str) -> Self {
        let mut refusal = Self::invalid(400, code, format!("{name} {rule}"));
        refusal.error["param"] = json!(name);
        refusal
    }

    pub(super) fn missing(kind: &str, id: &str) -> Self {
        let mut refusal = Self::invalid(404, "resource_missing", format!("No such {kind}: '{id}'"));
        refusal.error["param"] = json!("id");
        refusal
    }

    pub(super) fn state(code: &str, message: &str) -> Self {
        Self::invalid(400, code, message.to_owned())
    }

    pub(super) fn unknown_path(request: &Request) -> Self {
        let path = request.path.join("/");
        let message = format!("this fake does not know {} /v1/{path}", request.method);
        Self::invalid(404, "url_invalid", message)
    }

    pub(super) fn unauthorized() -> Self {
        let message = "no secret key was sent".to_owned();
        let mut refusal = Self::invalid(401, "api_key_missing", message);
        refusal.error["code"] = Value::Null;
        refusal
    }

    pub(super) fn mismatch() -> Self {
        let message = "Keys for idempotent requests can only be used with the same parameters";
        Self::new(
            400,
            json!({"type": "idempotency_error", "message": message}),
        )
    }
}
