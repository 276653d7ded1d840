//! The tokens of one connection, as callers ask for them.

use std::{fmt, sync::Arc};

use integration_core::{Error, ErrorKind, Result, SharedClock, credentials::Rejection};
use tokio::{runtime::Handle, time::Instant};

use super::{
    access::{AccessToken, Held},
    cell::{Cell, Flight, Landing, Refused, Step, Unheard},
    errors::{TOKENS, broken_off, late},
    inner::Inner,
    refresh::{Reason, Run},
};
use crate::{connection::ConnectionKey, preset::ChallengeRule};

/// How often a call begins again when what it waits for is broken off.
const MAX_TRIES: u32 = 3;

/// The tokens of one connection.
///
/// A clone is cheap. Whoever asks gets a token that works: the one at hand, or the next, for which
/// one of all tasks and processes is sent. Dropping the future of a caller leaves that one alone.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
    cell: Arc<Cell>,
    name: Option<Arc<str>>,
}

impl Tokens {
    pub(super) fn new(inner: Arc<Inner>, cell: Arc<Cell>) -> Self {
        Self {
            inner,
            cell,
            name: None,
        }
    }

    /// Returns the further token of this name that came in the same answer, such as `user` beside
    /// the bot token of Slack.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        Self {
            name: Some(name.into()),
            ..self.clone()
        }
    }

    /// Returns which connection it is.
    #[must_use]
    pub fn key(&self) -> &ConnectionKey {
        &self.cell.key
    }

    /// Returns the token if it is at hand and nothing has to be decided: without waiting, and
    /// without asking anybody.
    #[must_use]
    pub fn ready(&self) -> Option<AccessToken> {
        let unix = self.inner.clock.unix();
        self.cell.ready(self.name.as_deref(), unix)
    }

    /// Returns a token that works.
    ///
    /// Waits for a refresh only where the token at hand has expired, and then as long as the
    /// configured times of the provider and the store allow.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] with [`Unusable`](super::Unusable) where only a new login
    /// helps; [`ErrorKind::NotFound`] for a connection or a name that is not there; what the
    /// provider or the store reported where there was no token to go on with, with the time after
    /// which they are asked again.
    pub async fn get(&self) -> Result<AccessToken> {
        match self.ready() {
            Some(token) => Ok(token),
            None => Box::pin(self.get_slowly(None)).await,
        }
    }

    /// As [`get`](Self::get), but waits until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and [`ErrorKind::DeadlineExceeded`].
    pub async fn get_until(&self, deadline: Instant) -> Result<AccessToken> {
        match self.ready() {
            Some(token) => Ok(token),
            None => Box::pin(self.get_slowly(Some(deadline))).await,
        }
    }

    /// Returns which answers of the API mean that the token has expired.
    #[must_use]
    pub fn challenge(&self) -> ChallengeRule {
        self.cell.refresher.challenge()
    }

    pub(crate) fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    /// Notes that an API refused the token of this version: the next caller gets another one.
    ///
    /// Of many callers that are refused at once one causes a refresh and all are told to try again;
    /// of each token that is done once. To be called only where the answer
    /// [blames the token](crate::bearer::blames_token).
    pub fn refused(&self, version: u64) -> Rejection {
        let name = self.name.as_deref().map(str::to_owned);
        self.cell.refuse(&self.inner, Refused { version, name })
    }

    async fn get_slowly(&self, deadline: Option<Instant>) -> Result<AccessToken> {
        let Ok(runtime) = Handle::try_current() else {
            return Err(Error::new(ErrorKind::Config, TOKENS)
                .with_message("tokens are refreshed on a tokio runtime, and there is none"));
        };
        for _ in 0..MAX_TRIES {
            let flight = match self.cell.step(&self.inner) {
                Step::Use(held) => return self.pick(&held),
                Step::UseAndLaunch(held, landing) => {
                    self.launch(&runtime, landing);
                    return self.pick(&held);
                }
                Step::Fail(error) => return Err(error),
                Step::Wait(flight) => flight,
                Step::LaunchAndWait(landing, flight) => {
                    self.launch(&runtime, landing);
                    flight
                }
            };
            match flight.result(deadline).await {
                Ok(Ok(held)) => return self.pick(&held),
                // What could not be replaced is used to its end.
                Ok(Err(error)) => {
                    return match self.cell.usable(&self.inner) {
                        Some(held) => self.pick(&held),
                        None => Err(error),
                    };
                }
                Err(Unheard::Late) => return Err(late()),
                Err(Unheard::BrokenOff) if self.inner.tasks.is_closing() => break,
                Err(Unheard::BrokenOff) => {}
            }
        }
        Err(broken_off())
    }

    /// Sees to a connection in the background, unless somebody does.
    pub(super) async fn keep_alive(&self, runtime: &Handle) {
        if let Some((landing, flight)) = self.cell.launch(&self.inner) {
            let run = Run::new(&self.inner, &self.cell, landing, Reason::Background);
            self.inner.tasks.spawn(runtime, run.run());
            self.wait(flight).await;
        }
    }

    /// The error was told by whoever failed.
    async fn wait(&self, flight: Flight) {
        let _ = flight.result(None).await;
    }

    fn launch(&self, runtime: &Handle, landing: Landing) {
        let run = Run::new(&self.inner, &self.cell, landing, Reason::Demand);
        self.inner.tasks.spawn(runtime, run.run());
    }

    fn pick(&self, held: &Held) -> Result<AccessToken> {
        let unix = self.inner.clock.unix();
        held.pick(&self.cell.key, self.name.as_deref(), unix)
    }
}

impl fmt::Debug for Tokens {
    /// Shows which connection it is, not the tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("cell", &self.cell)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
