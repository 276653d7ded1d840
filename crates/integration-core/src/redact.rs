//! What may be shown of an address.

use std::fmt;

/// What stands for a part that is not shown.
pub(crate) const MASK: &str = "***";

/// Bytes of a path that are looked at; the rest is cut.
const MAX_PATH: usize = 256;

/// From this length on, a run of letters with a digit in it is taken for a token.
const TOKEN: usize = 16;

/// From this length on, a run in both cases is, too: words grow long, but hardly so long.
const TOKEN_WITHOUT_DIGIT: usize = 24;

/// From this length on, a part with a digit in it is, whatever separates its runs. A UUID is
/// shorter.
const LONG_PART: usize = 40;

/// Returns `url` without user, password, query and fragment, and with those parts of its path masked
/// that look like a token, a long identifier or an e-mail address.
///
/// Works on anything that looks like an address, valid or not, and never fails: what cannot be
/// understood is cut rather than shown.
#[must_use]
pub fn url(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (shown, _) = url.split_at(end);
    let start = shown
        .find("//")
        .filter(|at| ends_scheme(shown.split_at(*at).0));
    let (scheme, rest) = shown.split_at(start.map_or(0, |at| at + 2));
    let (authority, path) = rest.split_at(rest.find(['/', '\\']).unwrap_or(rest.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}{host}{}", Path(path))
}

/// Whether two slashes after this text begin a host.
fn ends_scheme(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.is_empty()
        || text
            .strip_suffix(':')
            .is_some_and(|name| name.chars().all(letter))
}

/// A path whose parts are masked where they look like a token, a long identifier or an address.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a>(pub(crate) &'a str);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut room = MAX_PATH;
        for (number, part) in self.0.split('/').enumerate() {
            if number > 0 {
                f.write_str("/")?;
            }
            let Some(left) = room.checked_sub(part.len() + 1) else {
                return f.write_str(MASK);
            };
            room = left;
            f.write_str(if is_private(part) { MASK } else { part })?;
        }
        Ok(())
    }
}

fn is_private(part: &str) -> bool {
    let has_digit = part.bytes().any(|byte| byte.is_ascii_digit());
    part.contains(['@', '=', ';'])
        // What is encoded can be an address or a word in any script: not a noun of an API.
        || part.contains('%')
        || !part.bytes().all(|byte| byte.is_ascii_graphic())
        || (part.len() >= LONG_PART && has_digit)
        || part
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .any(is_token)
}

fn is_token(run: &str) -> bool {
    let has = |test: fn(&u8) -> bool| run.bytes().any(|byte| test(&byte));
    (run.len() >= TOKEN && has(u8::is_ascii_digit))
        || (run.len() >= TOKEN_WITHOUT_DIGIT
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::url;

    #[test]
    fn credentials_query_and_fragment_are_cut() {
        let rows = [
            ("https://h/p", "https://h/p"),
            ("https://u:p@h:8443/p?q=1#f", "https://h:8443/p"),
            ("https://u@h", "https://h"),
            ("https://a@b@h/x@y", "https://h/***"),
            ("https://h?u@q", "https://h"),
            ("/path?key=1", "/path"),
            ("/path//u@h", "/path//***"),
            ("//u:p@h/p?q", "//h/p"),
            ("u:p@h/p", "h/p"),
            ("u:p@h//p", "h//p"),
            ("http:u:p@h/p", "h/p"),
            (
                "https://h/services/T0/xoxb1234567890abcdef",
                "https://h/services/T0/***",
            ),
            ("no address", "no address"),
            ("", ""),
        ];
        for (full, shown) in rows {
            assert_eq!(url(full), shown, "{full}");
        }
    }

    proptest! {
        #[test]
        fn nothing_after_a_question_mark_is_shown(before in "\\PC*", after in "[a-z]{8,20}") {
            let shown = url(&format!("{}?{after}", before.replace('?', "")));
            prop_assert!(!shown.contains(&after) || before.contains(&after));
        }
    }
}
