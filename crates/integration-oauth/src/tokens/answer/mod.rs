//! Answers of token endpoints, as they really are.
//!
//! The standard has one shape of them. In the wild there are forms where JSON is due, JSON that
//! claims to be HTML, lifetimes in words, scopes in lists, errors with status 200, and tokens in
//! objects of their own. Everything is brought into one shape here, before anything else sees it.

mod body;
mod fields;
mod refusal;
mod set;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use integration_core::{
    Error, ErrorKind, Result,
    http::{HeaderMap, Response, StatusCode, verdict_of_status},
};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{error::OAuthError, preset::Preset, tokens::TokenSet};

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) request_id: Option<String>,
    /// What was sent and must not be shown, should the server repeat it.
    secrets: Vec<Zeroizing<String>>,
}

impl From<&Response> for Answer {
    fn from(response: &Response) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.body().clone(),
            request_id: response.request_id().map(str::to_owned),
            secrets: Vec::new(),
        }
    }
}

impl Answer {
    /// Keeps what must not be shown of it.
    pub(crate) fn without(mut self, secrets: Vec<Zeroizing<String>>) -> Self {
        self.secrets = secrets;
        self
    }

    /// Whether our client was not taken for who it says it is.
    pub(crate) fn refuses_client(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED || self.says("invalid_client")
    }

    /// Whether it is an error with this word.
    pub(crate) fn says(&self, word: &str) -> bool {
        let said = body::members(&self.body)
            .and_then(|members| refusal::find(&members, self.status, &[]).map(|error| error.code));
        said.as_deref() == Some(word)
    }
}

/// Reads the answer to a request for tokens.
///
/// `asked_at` is when the request was sent, since the Unix epoch: what lasts an hour lasts an hour
/// from then.
pub(crate) fn tokens(
    operation: &'static str,
    answer: &Answer,
    preset: &Preset,
    asked_at: Duration,
) -> Result<TokenSet> {
    let members = members(operation, answer, preset, asked_at)?;
    let set = set::read(members, preset, asked_at);
    set.map_err(|what| unreadable(operation, answer, what))
}

/// Reads an answer that is an object, and no error.
pub(crate) fn members(
    operation: &'static str,
    answer: &Answer,
    preset: &Preset,
    unix: Duration,
) -> Result<Map<String, Value>> {
    let members = body::members(&answer.body);
    if let Some(members) = &members
        && let Some(said) = refusal::find(members, answer.status, &preset.refresh_rules.terminal)
    {
        return Err(refused(operation, answer, said, unix));
    }
    if !answer.status.is_success() {
        return Err(failed(operation, answer, unix));
    }
    members.ok_or_else(|| unreadable(operation, answer, "answer is neither JSON nor a form"))
}

/// Checks an answer of which only the status counts, such as that of a revocation.
pub(crate) fn nothing(
    operation: &'static str,
    answer: &Answer,
    preset: &Preset,
    unix: Duration,
) -> Result<()> {
    if let Some(members) = body::members(&answer.body)
        && let Some(said) = refusal::find(&members, answer.status, &preset.refresh_rules.terminal)
    {
        return Err(refused(operation, answer, said, unix));
    }
    match answer.status.is_success() {
        true => Ok(()),
        false => Err(failed(operation, answer, unix)),
    }
}

/// The server said what is wrong.
fn refused(
    operation: &'static str,
    answer: &Answer,
    mut said: OAuthError,
    unix: Duration,
) -> Error {
    for secret in &answer.secrets {
        let texts = [&mut said.description, &mut said.uri];
        for text in texts.into_iter().flatten().chain([&mut said.code]) {
            *text = text.replace(secret.as_str(), "***");
        }
    }
    let kind = refusal::kind(said.trouble, answer.status);
    let message = format!("authorization server refused: {}", shown(&said.code));
    of_answer(Error::new(kind, operation), answer, unix)
        .with_message(message)
        .with_provider(said)
}

/// The server failed, and its answer says no more than that.
fn failed(operation: &'static str, answer: &Answer, unix: Duration) -> Error {
    let verdict = verdict_of_status(answer.status, &answer.headers, unix);
    let error = Error::new(verdict.kind.unwrap_or(ErrorKind::Other), operation);
    let error = of_answer(error, answer, unix);
    match answer.status.is_redirection() {
        true => error.with_message("redirects are not followed"),
        false => error,
    }
}

fn of_answer(error: Error, answer: &Answer, unix: Duration) -> Error {
    let verdict = verdict_of_status(answer.status, &answer.headers, unix);
    let mut error = error
        .with_status(answer.status.as_u16())
        .with_provider_body(&answer.body)
        .with_delivery(verdict.delivery);
    if let Some(id) = &answer.request_id {
        error = error.with_request_id(id);
    }
    match verdict.hint {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

/// The answer is a success by its status, and no answer of the kind. Its body may hold tokens, so
/// it is not kept.
pub(crate) fn unreadable(
    operation: &'static str,
    answer: &Answer,
    what: impl Into<Cow<'static, str>>,
) -> Error {
    let error = Error::new(ErrorKind::Decode, operation)
        .with_message(what)
        .with_status(answer.status.as_u16());
    match &answer.request_id {
        Some(id) => error.with_request_id(id),
        None => error,
    }
}

/// A word of a server, short and plain enough for a message.
fn shown(word: &str) -> String {
    let plain = |c: &char| c.is_ascii_graphic() || *c == ' ';
    word.chars().filter(plain).take(64).collect()
}
