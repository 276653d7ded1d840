//! What may be shown of a text that came from elsewhere.

use std::fmt;

use crate::redact::MASK;

/// Letters of a name that are shown.
const MAX_NAME: usize = 128;

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
