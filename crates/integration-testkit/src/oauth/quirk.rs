//! Right answers in the shapes of servers that read the standard differently.

use serde_json::{Value, json};

use super::answer::Answer;
use crate::Reply;

/// The shape of an answer with tokens that differs from the standard's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quirk {
    /// `expires_in` is a text.
    ExpiresInText,
    /// There is no `expires_in`.
    ExpiresInMissing,
    /// `expires_in` counts milliseconds.
    ExpiresInMillis,
    /// There is no `token_type`.
    TokenTypeMissing,
    /// `token_type` is `bearer`.
    TokenTypeLower,
    /// `scope` is an array.
    ScopeArray,
    /// Commas separate scopes.
    ScopeCommas,
    /// There is no `scope`.
    ScopeMissing,
    /// There is no `refresh_token`, though it was rotated.
    RefreshTokenMissing,
    /// `refresh_token` is an empty text, though it was rotated.
    RefreshTokenEmpty,
    /// What is absent is `null` instead.
    Nulls,
    /// The answer is a form.
    FormBody,
    /// The answer is a form that says it is text.
    FormAsText,
    /// The JSON says it is `text/html`.
    HtmlType,
    /// The JSON does not say what it is.
    NoType,
    /// A byte order mark begins the JSON.
    ByteOrderMark,
    /// The status is 201.
    Created,
    /// An `ok` is true beside the tokens.
    OkTrue,
    /// The tokens are below `authed_user`, beside an `ok`.
    AuthedUser,
    /// There is no `access_token`: not usable.
    AccessTokenMissing,
    /// `access_token` is an empty text: not usable.
    AccessTokenEmpty,
    /// `access_token` holds a newline and what looks like a header: not usable.
    AccessTokenNewline,
    /// The answer is 12 megabytes long: not usable.
    Huge,
    /// The JSON ends half way: not usable.
    Cut,
}

impl Quirk {
    /// Those after which the tokens can still be used.
    pub const HARMLESS: [Self; 19] = [
        Self::ExpiresInText,
        Self::ExpiresInMissing,
        Self::ExpiresInMillis,
        Self::TokenTypeMissing,
        Self::TokenTypeLower,
        Self::ScopeArray,
        Self::ScopeCommas,
        Self::ScopeMissing,
        Self::RefreshTokenMissing,
        Self::RefreshTokenEmpty,
        Self::Nulls,
        Self::FormBody,
        Self::FormAsText,
        Self::HtmlType,
        Self::NoType,
        Self::ByteOrderMark,
        Self::Created,
        Self::OkTrue,
        Self::AuthedUser,
    ];

    /// Those after which there is nothing to use.
    pub const HARMFUL: [Self; 5] = [
        Self::AccessTokenMissing,
        Self::AccessTokenEmpty,
        Self::AccessTokenNewline,
        Self::Huge,
        Self::Cut,
    ];

    /// Writes the answer in this shape. An error keeps its own.
    pub(super) fn dress(self, answer: Answer) -> Reply {
        match answer {
            Answer::Json { status: 200, body } if body.is_object() => self.reply(body),
            other => other.reply(),
        }
    }

    fn reply(self, mut body: Value) -> Reply {
        self.change(&mut body);
        let status = if self == Self::Created { 201 } else { 200 };
        let content_type = match self {
            Self::FormBody => "application/x-www-form-urlencoded",
            Self::FormAsText => "text/plain; charset=utf-8",
            Self::HtmlType => "text/html",
            _ => "application/json",
        };
        let text = match self {
            Self::FormBody | Self::FormAsText => form(&body),
            Self::ByteOrderMark => format!("\u{feff}{body}"),
            Self::Cut => body.to_string().chars().take(20).collect(),
            _ => body.to_string(),
        };
        let reply = match self {
            Self::Huge => Reply::of_size(12_000_000),
            _ => Reply::status(status).body(text),
        };
        match self {
            Self::NoType => reply,
            _ => reply.header("content-type", content_type),
        }
    }

    fn change(self, body: &mut Value) {
        let scope = body["scope"].as_str().unwrap_or_default().to_owned();
        let expires_in = body["expires_in"].as_u64().unwrap_or_default();
        let remove = |body: &mut Value, name: &str| {
            body.as_object_mut().and_then(|object| object.remove(name));
        };
        match self {
            Self::ExpiresInText => body["expires_in"] = json!(expires_in.to_string()),
            Self::ExpiresInMissing => remove(body, "expires_in"),
            Self::ExpiresInMillis => body["expires_in"] = json!(expires_in * 1000),
            Self::TokenTypeMissing => remove(body, "token_type"),
            Self::TokenTypeLower => body["token_type"] = json!("bearer"),
            Self::ScopeArray => {
                body["scope"] = json!(scope.split_whitespace().collect::<Vec<_>>());
            }
            Self::ScopeCommas => body["scope"] = json!(scope.replace(' ', ",")),
            Self::ScopeMissing => remove(body, "scope"),
            Self::RefreshTokenMissing => remove(body, "refresh_token"),
            Self::RefreshTokenEmpty => body["refresh_token"] = json!(""),
            Self::Nulls => {
                for name in ["id_token", "refresh_token", "error"] {
                    if body.get(name).is_none() {
                        body[name] = Value::Null;
                    }
                }
            }
            Self::OkTrue => body["ok"] = json!(true),
            Self::AuthedUser => *body = json!({"ok": true, "authed_user": body.take()}),
            Self::AccessTokenMissing => remove(body, "access_token"),
            Self::AccessTokenEmpty => body["access_token"] = json!(""),
            Self::AccessTokenNewline => body["access_token"] = json!("a\nset-cookie: b"),
            _ => {}
        }
    }
}

fn form(body: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in body.as_object().into_iter().flatten() {
        match value.as_str() {
            Some(text) => form.append_pair(name, text),
            None => form.append_pair(name, &value.to_string()),
        };
    }
    form.finish()
}
