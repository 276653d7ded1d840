//! What hands out the value of a header that changes.

use std::{fmt, pin::Pin};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use crate::error::{Delivery, Error, ErrorKind, Result, Retriability};

/// The operation under which missing credentials are reported.
const OPERATION: &str = "credentials.authorize";

/// Which value of the credentials a request was sent with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(u64);

impl Generation {
    /// Numbers a value of a [`Lender`].
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns its number: 0 for what never changes, else one more with each new value.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Whether a request that was refused with 401 may succeed with other credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Rejection {
    /// There are newer ones, or they are being fetched: authorize the request again, once.
    TryAgain,
    /// They were not to blame, only what [`Lender::sign`] added: sign the request again, once. A
    /// credential that is refused then may still be replaced.
    SignAgain,
    /// There are none; the 401 is the answer.
    Final,
}

/// The value of a header, and which one it is.
#[derive(Clone, Debug)]
pub struct Lent {
    /// Marked as sensitive, so it shows nothing.
    pub(super) value: HeaderValue,
    pub(super) generation: Generation,
}

impl Lent {
    /// Lends this value, which is marked as sensitive from here on.
    #[must_use]
    pub fn new(mut value: HeaderValue, generation: Generation) -> Self {
        value.set_sensitive(true);
        Self { value, generation }
    }
}

/// What a [`Lender`] does in its own time.
pub type Lending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Credentials that change while they are used, and are kept somewhere else.
///
/// For what a [`TokenSource`](super::TokenSource) is too little: it keeps its tokens itself, wants to
/// see what an API says of one it refused, or adds to a request what depends on the request.
/// Handed to a client with [`Credentials::lent`](super::Credentials::lent).
pub trait Lender: Send + Sync + fmt::Debug {
    /// The header that the value is for.
    fn header(&self) -> &HeaderName;

    /// Returns the value if that takes no waiting.
    fn ready(&self) -> Option<Lent>;

    /// Returns the value when there is one, at `deadline` at the latest.
    ///
    /// Dropping the future must not lose what it fetches.
    fn lend(&self, deadline: Instant) -> Lending<'_, Result<Lent>>;

    /// Takes notice that a server refused a value with 401, and with these headers.
    fn reject(
        &self,
        generation: Generation,
        answer: &HeaderMap,
        deadline: Instant,
    ) -> Lending<'_, Rejection>;

    /// Takes notice of each answer to a request with this value, before [`reject`](Self::reject) and
    /// also where that is not asked: whether the value was taken, or the nonce for the next proof of
    /// `DPoP`.
    ///
    /// It stands between an answer and its caller, so it must not wait.
    fn answered(&self, generation: Generation, url: &Url, status: StatusCode, headers: &HeaderMap) {
        let _ = (generation, url, status, headers);
    }

    /// Adds what depends on the request beside the value, such as a proof of `DPoP`.
    ///
    /// # Errors
    ///
    /// Whatever keeps the request from being sent.
    fn sign(
        &self,
        generation: Generation,
        method: &Method,
        url: &Url,
        headers: &mut HeaderMap,
    ) -> Result<()> {
        let _ = (generation, method, url, headers);
        Ok(())
    }
}

/// Why a caller gets no value, without an error of the source.
#[derive(Clone, Copy, Debug)]
pub(super) enum NoLoan {
    Late,
    BrokenOff,
}

impl From<NoLoan> for Error {
    fn from(reason: NoLoan) -> Self {
        let (kind, message) = match reason {
            NoLoan::Late => (
                ErrorKind::DeadlineExceeded,
                "credentials were not there before the deadline",
            ),
            NoLoan::BrokenOff => (ErrorKind::Cancelled, "fetching credentials was broken off"),
        };
        Self::new(kind, OPERATION)
            .with_message(message)
            .with_delivery(Delivery::NotSent)
    }
}

/// The error of a call that was not made because its credentials could not be fetched.
///
/// Its kind is not that of the cause: that the token endpoint is down says nothing about the
/// service, and what was sent there is not the call.
pub(super) fn refusal(cause: Option<&Error>) -> Error {
    let error = Error::new(ErrorKind::Unauthenticated, OPERATION)
        .with_message("credentials could not be fetched")
        .with_delivery(Delivery::NotSent);
    let Some(cause) = cause else {
        return error;
    };
    let retriability = match cause.retriability() {
        Retriability::IfIdempotent => Retriability::Always,
        other => other,
    };
    error
        .with_retriability(retriability)
        .with_source(cause.clone())
}
