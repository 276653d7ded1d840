//! What may be shown of a text that came from elsewhere.

use std::fmt;

/// What stands for a part that is not shown.
const MASK: &str = "***";

/// Letters of a name that are shown.
const MAX_NAME: usize = 128;

/// Bytes of a path that are looked at; the rest is cut.
const MAX_PATH: usize = 256;

/// From this length on, a run of letters with a digit in it is taken for a token.
const TOKEN: usize = 16;

/// From this length on, a run in both cases is, too: words grow long, but hardly so long.
const TOKEN_WITHOUT_DIGIT: usize = 24;

/// From this length on, a part with a digit in it is, whatever separates its runs. A UUID is
/// shorter.
const LONG_PART: usize = 40;

/// A name: cut to a length, and without anything that could begin a new line.
#[derive(Clone, Copy)]
pub(super) struct Name<'a>(pub(super) &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for letter in self.0.chars().take(MAX_NAME) {
            f.write_char(if letter.is_control() { '?' } else { letter })?;
        }
        Ok(())
    }
}

/// The name that a server gave to a request: masked unless it looks like one.
#[derive(Clone, Copy)]
pub(super) struct RequestId<'a>(pub(super) &'a str);

impl fmt::Display for RequestId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_name =
            self.0.len() <= MAX_NAME && self.0.bytes().all(|byte| byte.is_ascii_graphic());
        f.write_str(if is_name { self.0 } else { MASK })
    }
}

/// A path whose parts are masked where they look like a token, a long identifier or an address.
#[derive(Clone, Copy)]
pub(super) struct Path<'a>(pub(super) &'a str);

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
