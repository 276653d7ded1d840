//! From bytes to members, whatever the content type claims.

use serde_json::{Map, Value};

/// Members of a form that are read; a token answer has a dozen.
const MAX_MEMBERS: usize = 256;

/// Reads JSON, or a form. `None` for anything else.
pub(super) fn members(body: &[u8]) -> Option<Map<String, Value>> {
    let text = std::str::from_utf8(body).ok()?;
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.as_bytes().first()? {
        b'{' => serde_json::from_str(text).ok(),
        _ => form(text),
    }
}

/// A form is one line of pairs. A page or a sentence is not taken for one.
fn form(text: &str) -> Option<Map<String, Value>> {
    let is_page = text.contains(|c: char| c.is_whitespace() || c == '<' || c == '{');
    if is_page || !text.contains('=') {
        return None;
    }
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()).take(MAX_MEMBERS) {
        // Of a name that stands twice nobody knows which was meant.
        if members
            .insert(name.into_owned(), value.into_owned().into())
            .is_some()
        {
            return None;
        }
    }
    Some(members)
}
