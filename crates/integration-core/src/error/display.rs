//! How an error is shown: one line, lower case, nothing secret.

use std::{borrow::Cow, fmt};

use super::Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        write!(f, "{}: {}", inner.operation, inner.message)?;
        if let Some(status) = inner.status {
            write!(f, " status={status}")?;
        }
        for (key, value) in &inner.context {
            pair(f, key, value)?;
        }
        if let Some(id) = &inner.request_id {
            pair(f, "request_id", id)?;
        }
        if let Some(wait) = inner.retry_after {
            write!(f, " retry_after={wait:?}")?;
        }
        if let Some(last) = inner.attempts.last() {
            write!(f, " attempts={} elapsed={:?}", last.number, inner.elapsed)?;
        }
        if let Some(reason) = inner.gave_up {
            write!(f, " gave_up={reason}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("operation", &inner.operation)
            .field("message", &inner.message)
            .field("context", &inner.context)
            .field("retriability", &inner.retriability)
            .field("gave_up", &inner.gave_up)
            .field("delivery", &inner.delivery)
            .field("status", &inner.status)
            .field("request_id", &inner.request_id)
            .field("retry_after", &inner.retry_after)
            .field("attempts", &inner.attempts)
            .field("elapsed", &inner.elapsed)
            .field(
                "provider_body_len",
                &inner.provider_body.as_ref().map(bytes::Bytes::len),
            )
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

/// Keeps a line a line: control characters become spaces.
pub(super) fn one_line(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.contains(char::is_control) {
        return Cow::Owned(text.replace(char::is_control, " "));
    }
    text
}

/// Writes ` key=value`, quoted where a bare value would not end at its own end.
fn pair(f: &mut fmt::Formatter<'_>, key: &str, value: &str) -> fmt::Result {
    let bare = !value.is_empty()
        && !value.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"');
    if bare {
        write!(f, " {key}={value}")
    } else {
        write!(f, " {key}={value:?}")
    }
}
