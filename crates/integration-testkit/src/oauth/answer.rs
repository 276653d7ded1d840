//! What the server answers, before it is written.

use serde_json::{Value, json};

use super::request::{Params, Refusal};
use crate::Reply;

/// An answer, whose shape a fault may still change.
#[derive(Debug)]
pub(super) enum Answer {
    Json {
        status: u16,
        body: Value,
    },
    /// 302 to this address.
    Redirect(String),
    /// A page that posts these fields to this address when it is loaded.
    FormPost {
        to: String,
        fields: Params,
    },
    Page {
        status: u16,
        text: String,
    },
    Empty,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self::Json { status: 200, body }
    }

    pub(super) fn reply(self) -> Reply {
        let reply = match self {
            Self::Json { status, body } => Reply::status(status)
                .header("content-type", "application/json")
                .body(body.to_string()),
            Self::Redirect(to) => Reply::status(302).header("location", &to),
            Self::FormPost { to, fields } => page(200, form_page(&to, fields)),
            Self::Page { status, text } => {
                page(status, format!("<!doctype html><p>{}", escaped(&text)))
            }
            Self::Empty => Reply::status(200),
        };
        reply
            .header("cache-control", "no-store")
            .header("pragma", "no-cache")
    }
}

impl Refusal {
    pub(super) fn reply(self) -> Reply {
        let scheme = if self.is_challenge { "Bearer" } else { "Basic" };
        let challenge = match self.is_challenge {
            true => format!(
                "{scheme} realm=\"mock\", error=\"{}\", error_description=\"{}\"",
                self.error, self.description
            ),
            false => format!("{scheme} realm=\"mock\""),
        };
        let status = self.status;
        let body = json!({"error": self.error, "error_description": self.description});
        let reply = Answer::Json { status, body }.reply();
        match status {
            401 => reply.header("www-authenticate", &challenge),
            _ => reply,
        }
    }
}

/// Adds fields to the query of an address.
pub(super) fn with_query(address: &str, fields: &Params) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields.clone().into_pairs());
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{}", query.finish())
}

fn page(status: u16, html: String) -> Reply {
    Reply::status(status)
        .header("content-type", "text/html; charset=utf-8")
        .body(html)
}

fn form_page(to: &str, fields: Params) -> String {
    let mut html = format!(
        "<!doctype html><body onload=\"document.forms[0].submit()\"><form method=\"post\" action=\"{}\">",
        escaped(to)
    );
    for (name, value) in fields.into_pairs() {
        let (name, value) = (escaped(&name), escaped(&value));
        html.push_str(&format!(
            "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"
        ));
    }
    html + "</form>"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}
