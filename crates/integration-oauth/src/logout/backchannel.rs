//! Logout that the provider posts to us.

use std::{collections::HashMap, fmt, time::Duration};

use integration_core::SharedClock;
use integration_jwt::{Claims, Refusal, Rejection};
use parking_lot::Mutex;
use serde::Deserialize;

use super::seen::{Id, Seen, id_of};
use crate::{limits::MAX_LOGOUT_FORM, provider::Provider};

/// Leeway of the validators, for which an expired token is still taken.
const LEEWAY: Duration = Duration::from_secs(300);

/// Judges logout tokens, and remembers them until they expire so that none is taken twice.
///
/// The memory is that of this process. One token that two processes take ends the same sessions
/// twice, which is harmless.
#[derive(Default)]
pub struct BackChannel {
    providers: HashMap<String, Provider>,
    seen: Mutex<Seen>,
    clock: Option<SharedClock>,
}

/// Whose sessions end.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutNotice {
    /// The name of the provider.
    pub provider: String,
    /// The issuer at that provider.
    pub issuer: String,
    /// The user; all sessions of theirs, when there is no session.
    pub subject: Option<String>,
    /// The session at the provider: the `sid` of the ID token of the login.
    pub session: Option<String>,
    id: Id,
}

/// Why a logout token was not taken.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LogoutRejection {
    /// No provider of this name sends logouts.
    UnknownProvider,
    /// The body is no form with one `logout_token`.
    Malformed,
    /// The token breaks a rule.
    Token(Rejection),
    /// The token was taken before.
    Replayed,
    /// The keys of the issuer cannot be had: it may come again later.
    Keys(integration_core::Error),
}

#[derive(Deserialize)]
struct Session {
    sid: Option<String>,
}

impl BackChannel {
    /// Starts without providers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes logouts of a provider.
    #[must_use]
    pub fn provider(mut self, provider: Provider) -> Self {
        self.providers.insert(provider.name().to_owned(), provider);
        self
    }

    /// Sets the clock. Default: that of the system.
    #[must_use]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Judges what was posted: `body` is the form.
    ///
    /// Answer [`LogoutRejection::status`] for an error, and 200 when the sessions have ended, both
    /// with `cache-control: no-store`.
    ///
    /// # Errors
    ///
    /// [`LogoutRejection`] when nothing may end.
    pub async fn receive(
        &self,
        provider: &str,
        body: &[u8],
    ) -> Result<LogoutNotice, LogoutRejection> {
        let of = self.providers.get(provider);
        let of = of.ok_or(LogoutRejection::UnknownProvider)?;
        let token = token(body).ok_or(LogoutRejection::Malformed)?;
        let validator = of.logout_tokens().await.map_err(LogoutRejection::Keys)?;
        let claims: Claims<Session> = validator.check(&token).await.map_err(rejection)?;
        let jti = claims.id.as_deref();
        let jti = jti.ok_or(LogoutRejection::Token(Rejection::MissingClaim("jti")))?;
        let ends_at = claims.expires_at.saturating_add(LEEWAY);
        let now = self.clock.as_ref().map_or_else(
            || integration_core::Clock::unix(&integration_core::SystemClock),
            |clock| clock.unix(),
        );
        let id = id_of(&claims.issuer, jti);
        let is_first = self.seen.lock().is_first(id, ends_at, now);
        match is_first {
            false => Err(LogoutRejection::Replayed),
            true => Ok(LogoutNotice {
                provider: provider.to_owned(),
                issuer: claims.issuer,
                subject: claims.subject,
                session: claims.extra.sid,
                id,
            }),
        }
    }

    /// Takes the token of this notice again if it comes once more: for an application that could
    /// not end the sessions just now.
    pub fn forget(&self, notice: &LogoutNotice) {
        self.seen.lock().forget(&notice.id);
    }
}

/// The one field that matters; a body that has it twice has none.
fn token(body: &[u8]) -> Option<String> {
    if body.len() > MAX_LOGOUT_FORM {
        return None;
    }
    let mut tokens = form_urlencoded::parse(body).filter(|(name, _)| name == "logout_token");
    let token = tokens.next()?.1.into_owned();
    tokens.next().is_none().then_some(token)
}

fn rejection(refusal: Refusal) -> LogoutRejection {
    match refusal.rejection() {
        Some(rejection) => LogoutRejection::Token(rejection),
        None => LogoutRejection::Keys(refusal.into()),
    }
}

impl LogoutRejection {
    /// Returns the status to answer with.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::UnknownProvider => 404,
            Self::Keys(_) => 503,
            _ => 400,
        }
    }
}

impl fmt::Display for LogoutRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownProvider => f.write_str("no such provider sends logouts"),
            Self::Malformed => f.write_str("no form with one logout_token"),
            Self::Token(rejection) => write!(f, "the logout token is not accepted: {rejection}"),
            Self::Replayed => f.write_str("the logout token was taken before"),
            Self::Keys(error) => write!(f, "the keys of the issuer cannot be had: {error}"),
        }
    }
}

impl std::error::Error for LogoutRejection {}

impl fmt::Debug for BackChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackChannel")
            .field("providers", &self.providers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LogoutNotice {
    /// Shows no name of a user or session: they are personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutNotice")
            .field("provider", &self.provider)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
