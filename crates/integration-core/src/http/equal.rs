//! Which calls are equal, so that one answer serves them all.

use std::{fmt, sync::Arc};

use ::http::{HeaderName, HeaderValue, Method};

use super::{send::Prepared, transport::AttemptRequest};

/// Headers that tell calls apart for those who watch them, and for nobody else.
const TRACING: [&str; 2] = ["traceparent", "tracestate"];

/// What must be the same: all that the server sees, credentials included, and what we do with it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct CallKey(Arc<Parts>);

#[derive(PartialEq, Eq, Hash)]
struct Parts {
    method: Method,
    url: String,
    /// Sorted by name.
    headers: Vec<(HeaderName, HeaderValue)>,
    policies: Arc<str>,
    body_limit: usize,
}

impl CallKey {
    pub(super) fn new(prepared: &Prepared) -> Self {
        let AttemptRequest {
            method,
            url,
            headers,
            ..
        } = &prepared.request;
        let mut headers: Vec<_> = headers
            .iter()
            .filter(|(name, _)| !TRACING.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        headers.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
        Self(Arc::new(Parts {
            method: method.clone(),
            url: url.as_str().to_owned(),
            headers,
            policies: Arc::clone(&prepared.key),
            body_limit: prepared.body_limit,
        }))
    }

    #[cfg(feature = "cache")]
    pub(super) fn url(&self) -> &str {
        &self.0.url
    }

    /// Returns about how many bytes it takes.
    #[cfg(feature = "cache")]
    pub(super) fn size(&self) -> usize {
        let headers = self.0.headers.iter();
        headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum::<usize>()
            + self.0.url.len()
    }
}

impl fmt::Debug for CallKey {
    /// Shows no header value and no query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { method, url, .. } = &*self.0;
        write!(f, "{method} {}", crate::redact::url(url))
    }
}
