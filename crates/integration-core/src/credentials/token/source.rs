//! Where tokens come from.

use std::{fmt, time::Duration};

use secrecy::SecretString;
use tokio::time::Instant;

use super::state::Moment;
use crate::error::Result;

/// Fetches tokens, each time it is asked: from a token endpoint, a metadata server, a vault.
///
/// Wrapped in a [`CachedToken`](super::CachedToken) it is asked only when a new one is needed. A
/// function from an [`Instant`] to a future is one, too.
pub trait TokenSource: Send + Sync + 'static {
    /// Fetches a token. `now` is when it was asked.
    ///
    /// It need not set a limit of time, nor try again: its caller does both. Its errors must hold
    /// no secret.
    fn token(&self, now: Instant) -> impl Future<Output = Result<Token>> + Send;
}

impl<F, R> TokenSource for F
where
    F: Fn(Instant) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Token>> + Send,
{
    fn token(&self, now: Instant) -> impl Future<Output = Result<Token>> + Send {
        self(now)
    }
}

/// A token and how long it may be used.
#[derive(Clone)]
#[non_exhaustive]
pub struct Token {
    /// The token itself, without `Bearer`.
    pub secret: SecretString,
    /// When it expires; `None` when it lasts until a server refuses it.
    pub expires_at: Option<Expiry>,
}

impl Token {
    /// Creates a token that lasts until a server refuses it.
    pub fn new(secret: impl Into<SecretString>) -> Self {
        Self {
            secret: secret.into(),
            expires_at: None,
        }
    }

    /// Says after what time it expires, as `expires_in` of OAuth does.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expires_at = Some(Expiry::In(lifetime));
        self
    }

    /// Says when it expires, since the Unix epoch, as `exp` of a JWT does.
    #[must_use]
    pub fn expires_at(mut self, unix: Duration) -> Self {
        self.expires_at = Some(Expiry::At(unix));
        self
    }
}

impl fmt::Debug for Token {
    /// Shows everything but the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// When a token expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// So long after the fetch began; right on a machine whose wall clock is not.
    In(Duration),
    /// At this time since the Unix epoch.
    At(Duration),
}

impl Expiry {
    /// Returns when that is for a fetch that began at `began`, or `None` when it is too far away
    /// to matter.
    pub(super) fn moment(self, began: Moment) -> Option<Moment> {
        let lifetime = match self {
            Self::In(lifetime) => lifetime,
            Self::At(unix) => unix.saturating_sub(began.unix),
        };
        began.after(lifetime)
    }
}
