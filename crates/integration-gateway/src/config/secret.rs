//! Secrets: named in the configuration, read from elsewhere.

use std::{io, path::Path};

use integration_core::{Error, ErrorKind, Result, SecretString};

use super::{environment::Environment, file};

/// Bytes of a secret file at most.
pub(super) const MAX_SECRET_BYTES: u64 = 64 * 1024;

const HOW: &str = "keep the secret out of the configuration: put it into a variable and write \
     \"env:NAME\", or into a file and write \"file:PATH\"";

/// What a secret begins with where it is known; an `env:` before it does not make it a name.
const KNOWN_BEGINNINGS: [&str; 9] = [
    "whsec_", "whsk_", "whpk_", "sk_", "rk_", "v1,", "ghp_", "xox", "eyJ",
];

/// Where a secret is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    Variable(&'a str),
    File(&'a Path),
}

/// Reads `env:NAME` or `file:PATH`; the rule it breaks otherwise, never the text itself.
pub(super) fn place(text: &str) -> Result<Place<'_>, String> {
    if let Some(name) = text.strip_prefix("env:") {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_name || KNOWN_BEGINNINGS.iter().any(|known| name.starts_with(known)) {
            return Err(format!("has no name of a variable after `env:`; {HOW}"));
        }
        return Ok(Place::Variable(name));
    }
    match text.strip_prefix("file:") {
        Some("") => Err(format!("has no path after `file:`; {HOW}")),
        Some(path) => Ok(Place::File(Path::new(path))),
        None => Err(format!("holds a literal secret; {HOW}")),
    }
}

/// Reads the secret at a place; the error says what is wrong with the place.
pub(super) fn read(place: &Place<'_>, environment: &Environment) -> Result<SecretString, Error> {
    let fault =
        |message: String| Error::new(ErrorKind::Config, "gateway.config").with_message(message);
    let value = match place {
        Place::Variable(name) => environment
            .get(name)
            .ok_or_else(|| fault(format!("names {name}, which is not set")))?
            .to_owned(),
        Place::File(path) => {
            let shown = path.display();
            let cannot =
                |error: io::Error| fault(format!("names {shown}, which cannot be read: {error}"));
            let text = file::read(path, MAX_SECRET_BYTES).map_err(cannot)?;
            without_newline(&text).to_owned()
        }
    };
    if value.trim().is_empty() {
        return Err(fault(match place {
            Place::Variable(name) => format!("names {name}, which is empty"),
            Place::File(path) => format!("names {}, which is empty", path.display()),
        }));
    }
    Ok(SecretString::from(value))
}

/// Editors end a file with a newline that is no part of the secret.
fn without_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Reads the secret at `env:NAME` or `file:PATH`, as an option such as `--secret` gives it.
///
/// # Errors
///
/// [`ErrorKind::Config`], which begins with `what` and says which rule is broken; the text itself
/// is not in it, because it may be the secret.
pub fn secret_named_by(what: &str, text: &str, environment: &Environment) -> Result<SecretString> {
    let fault = |rule: &str| {
        Error::new(ErrorKind::Config, "gateway.config").with_message(format!("{what} {rule}"))
    };
    let place = place(text).map_err(|rule| fault(&rule))?;
    read(&place, environment).map_err(|error| fault(error.message()))
}
