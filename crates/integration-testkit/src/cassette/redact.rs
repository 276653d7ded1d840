//! From what is sent and received to what may be written down.

use base64::{Engine, engine::general_purpose::STANDARD};
use integration_core::http::{AttemptRequest, HeaderMap};
use serde_json::Value;
use url::Url;

use super::{
    entry::{Body, Request},
    hidden::{Hidden, REDACTED},
    names::{Names, Place},
};

/// Says what a recording must not hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Redaction {
    pub(super) hidden: Hidden,
    pub(super) names: Names,
}

impl Redaction {
    pub(super) fn request(&self, request: &AttemptRequest) -> Request {
        let pairs = request.url.query_pairs();
        let query = pairs.map(|(name, value)| match self.names.hides_query(&name) {
            true => self.pair(&name, REDACTED),
            false => self.pair(&name, &value),
        });
        Request {
            method: request.method.to_string(),
            path: self.hidden.scrub_path(request.url.path()),
            query: query.collect(),
            headers: self.headers(&request.headers),
            body: request.body.as_bytes().map_or_else(
                || Body::Omitted("a stream".to_owned()),
                |bytes| self.body(bytes, &request.headers),
            ),
        }
    }

    pub(super) fn headers(&self, headers: &HeaderMap) -> Vec<String> {
        let lines = headers.iter().map(|(name, value)| {
            let hides = value.is_sensitive() || self.names.hides_header(name.as_str());
            let shown = value.to_str().ok().filter(|_| !hides).unwrap_or(REDACTED);
            self.hidden.scrub(&format!("{name}: {shown}"))
        });
        lines.collect()
    }

    /// Redacts a whole body: a part of one could hide the name of a field from the rest.
    pub(super) fn body(&self, bytes: &[u8], headers: &HeaderMap) -> Body {
        let kind = headers
            .get("content-type")
            .and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        if bytes.is_empty() {
            return Body::Empty;
        }
        if kind.starts_with("multipart/") {
            return Body::Omitted("of several parts".to_owned());
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Body::Base64(STANDARD.encode(self.hidden.scrub_bytes(bytes)));
        };
        if kind.starts_with("application/x-www-form-urlencoded")
            || (kind.is_empty() && is_form(text))
        {
            return Body::Form(self.form(text));
        }
        match serde_json::from_str(text) {
            Ok(value) => Body::Json(self.json(value)),
            Err(_) => Body::Text(self.text(text, kind.contains("json"))),
        }
    }

    fn form(&self, text: &str) -> Vec<String> {
        let pairs = form_urlencoded::parse(text.as_bytes());
        let pairs = pairs.map(
            |(name, value)| match self.names.hides_field(&name, Place::Form) {
                true => self.pair(&name, REDACTED),
                false => self.pair(&name, &self.string(&value)),
            },
        );
        pairs.collect()
    }

    pub(super) fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.string(&text)),
            Value::Number(number) if self.hidden.is_in(&number.to_string()) => Value::from(0),
            Value::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| {
                    let value = match self.names.hides_field(&name, Place::Json) {
                        true => self.blank(value),
                        false => self.json(value),
                    };
                    (self.hidden.scrub(&name), value)
                });
                fields.collect()
            }
            other => other,
        }
    }

    /// Redacts a value that may itself be JSON or an address.
    fn string(&self, text: &str) -> String {
        if text.starts_with(['{', '['])
            && let Ok(inner) = serde_json::from_str(text)
        {
            return self.json(inner).to_string();
        }
        match text.contains("://") && !text.contains(char::is_whitespace) {
            true => self.hidden.scrub(&self.address(text)),
            false => self.hidden.scrub(text),
        }
    }

    fn address(&self, text: &str) -> String {
        let Ok(mut url) = Url::parse(text) else {
            return text.to_owned();
        };
        let is_bare = url.query().is_none() && url.fragment().is_none();
        if is_bare && url.username().is_empty() && url.password().is_none() {
            return text.to_owned();
        }
        let query: Vec<_> = url.query_pairs().into_owned().collect();
        let query = query
            .iter()
            .map(|(name, value)| match self.names.hides_query(name) {
                true => self.pair(name, REDACTED),
                false => self.pair(name, value),
            });
        let query = query.collect::<Vec<_>>().join("&");
        url.set_query((!query.is_empty()).then_some(&query));
        url.set_fragment(None);
        // Only an address without a host refuses these, and it has none.
        let _ = (url.set_username(""), url.set_password(None));
        url.set_path(&self.hidden.scrub_path(url.path()));
        url.to_string()
    }

    /// Hides everything in a value and keeps its types.
    fn blank(&self, value: Value) -> Value {
        match value {
            Value::String(_) => Value::from(REDACTED),
            Value::Number(_) => Value::from(0),
            Value::Array(items) => items.into_iter().map(|item| self.blank(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                let fields =
                    fields.map(|(name, value)| (self.hidden.scrub(&name), self.blank(value)));
                fields.collect()
            }
            other => other,
        }
    }

    fn pair(&self, name: &str, value: &str) -> String {
        self.hidden.scrub(&format!("{name}={value}"))
    }
}

/// Whether a text without a type looks like a form.
fn is_form(text: &str) -> bool {
    text.contains('=') && !text.contains(|c: char| c.is_whitespace() || "{}<>\"".contains(c))
}
