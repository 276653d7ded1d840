//! Errors of authorization servers, in all the ways that they are written.

use integration_core::{ErrorKind, http::StatusCode};
use serde_json::{Map, Value};

use crate::{
    error::{OAuthError, Trouble},
    preset::Refused,
};

/// Bytes of a description that are kept.
const MAX_DESCRIPTION: usize = 512;

/// Bytes of a word that are kept.
const MAX_CODE: usize = 128;

/// Finds what is wrong, where the members say so.
pub(super) fn find(
    members: &Map<String, Value>,
    status: StatusCode,
    terminal: &[Refused],
) -> Option<OAuthError> {
    let said = match status.is_success() {
        true => said_with_success(members)?,
        false => said(members).or_else(|| said_otherwise(members))?,
    };
    let mut error = OAuthError::new(cut(&said.code, MAX_CODE));
    error.description = said.description.map(|text| cut(&text, MAX_DESCRIPTION));
    error.uri = text(members, &["error_uri"]).map(|uri| cut(uri, MAX_DESCRIPTION));
    error.trouble = judge(&error, status, terminal);
    Some(error)
}

struct Said {
    code: String,
    description: Option<String>,
}

/// A success by its status is an error if it says so in the field for that, and holds no token.
fn said_with_success(members: &Map<String, Value>) -> Option<Said> {
    if let Some(said) = said(members) {
        return Some(said);
    }
    let denies = |name| members.get(name) == Some(&Value::Bool(false));
    if denies("ok") || denies("success") {
        let unnamed = Said {
            code: "unknown_error".to_owned(),
            description: None,
        };
        return Some(said_otherwise(members).unwrap_or(unnamed));
    }
    None
}

/// The field `error`, as a word, or as an object, or the list `errors`.
fn said(members: &Map<String, Value>) -> Option<Said> {
    match members.get("error") {
        Some(Value::String(code)) if !code.is_empty() => {
            let names = ["error_description", "error_message", "message"];
            return Some(Said {
                code: code.clone(),
                description: text(members, &names).map(str::to_owned),
            });
        }
        Some(Value::Object(object)) => return of_object(object),
        _ => {}
    }
    match members.get("errors")?.as_array()?.first()? {
        Value::Object(object) => of_object(object),
        Value::String(message) => Some(Said {
            code: "unknown_error".to_owned(),
            description: Some(message.clone()),
        }),
        _ => None,
    }
}

/// As Facebook, Google and others write it: a type, a number and a message.
fn of_object(object: &Map<String, Value>) -> Option<Said> {
    let number = object.get("code").filter(|code| code.is_number());
    let word = text(object, &["error", "type", "status", "code", "reason"]);
    // TikTok has an object for every answer; of a good one it says this.
    if word.is_some_and(|word| word.eq_ignore_ascii_case("ok")) {
        return None;
    }
    let message = text(
        object,
        &["message", "error_description", "description", "detail"],
    );
    let code = word.map(str::to_owned);
    let code = code.or_else(|| number.map(ToString::to_string));
    let description = match (message, number) {
        (Some(message), Some(number)) => Some(format!("{message} (code {number})")),
        (Some(message), None) => Some(message.to_owned()),
        (None, Some(number)) => Some(format!("code {number}")),
        (None, None) => None,
    };
    Some(Said {
        code: code.unwrap_or_else(|| "unknown_error".to_owned()),
        description,
    })
}

/// As others write it who do not have the field `error`.
fn said_otherwise(members: &Map<String, Value>) -> Option<Said> {
    let words = ["errorCode", "error_code", "errcode", "error_type", "code"];
    // HubSpot's word is the status, unless that says no more than that there is an error.
    let status = || text(members, &["status"]).filter(|word| *word != "error");
    let code = text(members, &words).or_else(status);
    let code = code.or_else(|| text(members, &["category"]))?;
    let names = [
        "error_description",
        "errorSummary",
        "error_message",
        "message",
        "detail",
    ];
    Some(Said {
        code: code.to_owned(),
        description: text(members, &names).map(str::to_owned),
    })
}

fn text<'a>(members: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    let mut texts = names.iter().filter_map(|name| members.get(*name)?.as_str());
    texts.find(|text| !text.is_empty())
}

/// What follows from it: the rules of the provider first, then the status, then the word.
fn judge(error: &OAuthError, status: StatusCode, terminal: &[Refused]) -> Trouble {
    let description = error.description.as_deref().unwrap_or_default();
    let matches = |rule: &Refused| {
        rule.status.is_none_or(|of| of == status.as_u16())
            && rule.error == error.code
            && rule
                .description
                .as_deref()
                .is_none_or(|part| description.contains(part))
    };
    if terminal.iter().any(matches) {
        return Trouble::Terminal;
    }
    match status {
        StatusCode::TOO_MANY_REQUESTS => Trouble::Transient,
        status if status.is_server_error() => Trouble::Transient,
        _ => error.trouble,
    }
}

/// The kind of the error of a call.
pub(super) fn kind(trouble: Trouble, status: StatusCode) -> ErrorKind {
    match trouble {
        Trouble::Terminal => ErrorKind::Unauthenticated,
        Trouble::Config => ErrorKind::Config,
        Trouble::Transient => {
            ErrorKind::from_status(status.as_u16()).unwrap_or(ErrorKind::Validation)
        }
    }
}

/// At most so many bytes, on one line.
fn cut(text: &str, max: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut kept = String::new();
    for c in plain {
        if kept.len() + c.len_utf8() > max {
            break;
        }
        kept.push(c);
    }
    kept
}
