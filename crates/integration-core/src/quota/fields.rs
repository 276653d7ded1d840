//! As much of structured fields as quotas are written in.
//!
//! [RFC 9651](https://www.rfc-editor.org/rfc/rfc9651)

use http::HeaderMap;

/// Lines of one field that are looked at.
const MAX_LINES: usize = 4;

/// Bytes of a line that are looked at; a longer line says nothing.
const MAX_LEN: usize = 1_024;

/// Members of one field that are looked at.
const MAX_MEMBERS: usize = 16;

/// One member of a list: an item with its parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a>(&'a str);

impl<'a> Member<'a> {
    /// Returns the item, without the quotes of a string.
    pub(super) fn item(self) -> &'a str {
        split(self.0, ';').next().map(unquoted).unwrap_or_default()
    }

    /// Returns the value of a parameter, without the quotes of a string.
    pub(super) fn param(self, name: &str) -> Option<&'a str> {
        split(self.0, ';').skip(1).find_map(|param| {
            let (key, value) = param.split_once('=')?;
            (key.trim() == name).then(|| unquoted(value))
        })
    }
}

/// Returns the members of a list, over all its lines.
pub(super) fn members<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = Member<'a>> {
    let lines = headers.get_all(name).into_iter().take(MAX_LINES);
    lines
        .filter_map(|line| line.to_str().ok())
        .filter(|line| line.len() <= MAX_LEN)
        .flat_map(|line| split(line, ','))
        .filter(|member| !member.trim().is_empty())
        .take(MAX_MEMBERS)
        .map(Member)
}

/// Splits at a character that stands outside of quotes.
fn split(text: &str, at: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return !quoted && c == at,
        }
        false
    })
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}
