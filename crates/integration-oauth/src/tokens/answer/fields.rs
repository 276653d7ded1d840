//! The fields of an answer, in all the ways that they are written.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{limits::MAX_TOKEN, scopes::Scopes};

/// Seconds that anything lasts at most: a hundred years, so that no sum overflows.
const LONGEST: f64 = 100.0 * 365.0 * 86_400.0;

/// What may stand in a token.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// It goes into a header: visible ASCII.
    Header,
    /// It goes into a body: anything but control characters.
    Body,
}

/// A token; `None` when it is not there, null or empty, `Err` when it is not fit to be sent.
pub(super) fn token<'a>(
    members: &'a Map<String, Value>,
    name: &'static str,
    kind: Kind,
) -> Result<Option<&'a str>, String> {
    let token = match members.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(token)) if token.is_empty() => return Ok(None),
        Some(Value::String(token)) => token,
        Some(_) => return Err(format!("`{name}` of the answer is no text")),
    };
    let is_fit = match kind {
        Kind::Header => token.bytes().all(|byte| byte.is_ascii_graphic()),
        Kind::Body => !token.contains(char::is_control),
    };
    match is_fit && token.len() <= MAX_TOKEN {
        true => Ok(Some(token)),
        false => Err(format!(
            "`{name}` of the answer is longer than {MAX_TOKEN} bytes or holds characters that no token has"
        )),
    }
}

/// How long something lasts: a number or a text with one, whole or not. Zero, negative numbers and
/// everything else say nothing.
pub(super) fn lifetime(value: Option<&Value>, is_ms: bool) -> Option<Duration> {
    let number = match value? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    let seconds = if is_ms { number / 1000.0 } else { number };
    let is_said = seconds.is_finite() && seconds > 0.0;
    is_said.then(|| Duration::from_secs_f64(seconds.min(LONGEST)))
}

/// Scopes as one text, separated by spaces or commas, or as a list of texts.
pub(super) fn scopes(value: Option<&Value>) -> Option<Scopes> {
    match value? {
        Value::String(text) => Some(Scopes::parse(text)),
        Value::Array(list) => {
            let texts = list.iter().filter_map(Value::as_str);
            Some(
                texts
                    .flat_map(|text| text.split([' ', ',']))
                    .filter(|text| !text.is_empty())
                    .collect(),
            )
        }
        _ => None,
    }
}

/// How the token is sent. Words of providers that mean nothing else are bearer tokens; `Err` for
/// kinds of tokens that need a proof which is not made here.
pub(super) fn token_type(value: Option<&Value>) -> Result<String, String> {
    let word = value.and_then(Value::as_str).unwrap_or_default();
    let is = |other: &str| word.eq_ignore_ascii_case(other);
    if is("dpop") {
        return Ok("DPoP".to_owned());
    }
    if is("n_a") {
        // Token exchange: it is no access token at all (RFC 8693, 2.2.1).
        return Ok("N_A".to_owned());
    }
    if is("mac") || is("pop") {
        return Err("`token_type` of the answer is not supported".to_owned());
    }
    Ok("Bearer".to_owned())
}
