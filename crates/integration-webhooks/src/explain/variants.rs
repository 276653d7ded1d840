//! The ways a delivery or a secret usually gets changed between the sender and us.

use http::HeaderValue;

use crate::{
    generic::HmacAlgorithm,
    key::{Key, KeyForm, decode},
};

/// Ways of writing a header's value that scheme readers refuse, the most telling first.
pub(super) fn values(value: &HeaderValue) -> Vec<(&'static str, HeaderValue)> {
    let Ok(text) = value.to_str() else {
        return Vec::new();
    };
    let tail = text.rsplit(',').next().unwrap_or_default().trim();
    let changed = [
        ("alone", text.to_owned()),
        ("in lower case", text.to_ascii_lowercase()),
        ("without the blanks around it", text.trim().to_owned()),
        ("without its blanks", text.replace([' ', '\t'], "")),
        (
            "cut after its first comma",
            text.split(',').next().unwrap_or_default().to_owned(),
        ),
        ("cut before its last comma", tail.to_owned()),
        (
            "without leading zeros",
            text.trim_start_matches('0').to_owned(),
        ),
        ("with `sha256=` before it", format!("sha256={text}")),
        ("with `v0=` before it", format!("v0={text}")),
    ];
    changed
        .into_iter()
        .filter_map(|(what, text)| Some((what, HeaderValue::from_str(&text).ok()?)))
        .collect()
}

/// What the body may have been when it was signed.
pub(super) fn bodies(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let mut bodies = vec![
        ("the body lost its trailing newline", [body, b"\n"].concat()),
        ("the body lost its trailing CRLF", [body, b"\r\n"].concat()),
        ("the body lost its byte order mark", [MARK, body].concat()),
        ("the body's LF were CRLF", replace(body, b"\n", b"\r\n")),
        ("the body's CRLF were LF", replace(body, b"\r\n", b"\n")),
        (
            "the body had no blanks outside its strings (it was re-serialised)",
            minified(body),
        ),
        ("the body was empty", Vec::new()),
    ];
    let trimmed = body.trim_ascii_end();
    if trimmed.len() < body.len() {
        bodies.push((
            "the body gained blanks or newlines at its end",
            trimmed.to_vec(),
        ));
        bodies.push((
            "the body gained a character at its end",
            body[..body.len() - 1].to_vec(),
        ));
    }
    if let Some(rest) = body.strip_prefix(MARK) {
        bodies.push(("the body gained a byte order mark", rest.to_vec()));
    }
    bodies.retain(|(_, changed)| changed != body);
    bodies
}

/// What else a secret's text may stand for.
pub(super) fn keys(form: KeyForm, secret: &str) -> Vec<(&'static str, Key)> {
    let algorithm = match form {
        KeyForm::Text(algorithm) => algorithm,
        KeyForm::Standard | KeyForm::Supabase => HmacAlgorithm::Sha256,
    };
    let bare = secret.trim().trim_start_matches("v1,");
    let bare = bare.strip_prefix("whsec_").unwrap_or(bare);
    let decoded = decode(bare).map(|bytes| bytes.to_vec()).unwrap_or_default();
    let text = [
        (
            "its text instead of its decoded bytes",
            secret.as_bytes().to_vec(),
        ),
        (
            "its text after the prefix, undecoded",
            bare.as_bytes().to_vec(),
        ),
        ("its decoded bytes instead of its text", decoded),
        ("trimmed", secret.trim().as_bytes().to_vec()),
        (
            "with a newline after it",
            [secret.as_bytes(), b"\n"].concat(),
        ),
    ];
    let own = Key::read(form, secret)
        .ok()
        .and_then(|key| key.tag([b"", b"", b""]));
    text.into_iter()
        .filter(|(_, bytes)| !bytes.is_empty())
        .filter_map(|(what, bytes)| Some((what, Key::hmac(algorithm, &bytes).ok()?)))
        .filter(|(_, key)| {
            // A variant that is the secret itself explains nothing.
            let tag = key.tag([b"", b"", b""]);
            tag.map(|tag| tag.as_bytes().to_vec()) != own.map(|own| own.as_bytes().to_vec())
        })
        .collect()
}

fn replace(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(&first) = rest.first() {
        if let Some(after) = rest.strip_prefix(from) {
            out.extend_from_slice(to);
            rest = after;
        } else {
            out.push(first);
            rest = &rest[1..];
        }
    }
    out
}

/// Drops JSON's blanks: a sender that signed the compact form and a proxy that printed it nicely.
fn minified(body: &[u8]) -> Vec<u8> {
    let mut in_string = false;
    let mut escaped = false;
    let keep = |byte: &&u8| {
        let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let kept = in_string || !blank;
        if !escaped && **byte == b'"' {
            in_string = !in_string;
        }
        escaped = in_string && !escaped && **byte == b'\\';
        kept
    };
    body.iter().filter(keep).copied().collect()
}
