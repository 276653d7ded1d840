//! What is added to a request.

use std::{fmt, sync::Arc};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::time::Instant;
use url::Url;

use super::{
    form::Form,
    lender::{Generation, Lender, Rejection},
    secret::{Origin, SecretSource, Watched},
    token::{CachedToken, TokenSource},
};
use crate::{config::invalid, error::Result};

/// Headers that belong to the connection and the body; a secret in one breaks the request.
const FRAMING: [HeaderName; 6] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::UPGRADE,
];

/// Who calls: what is added to the headers of every attempt.
///
/// A clone is cheap and shares tokens and secrets. Values are marked as sensitive, and nothing here
/// shows them.
#[derive(Clone, Default)]
pub struct Credentials(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    None,
    Fixed {
        header: HeaderName,
        value: HeaderValue,
    },
    Lent(Arc<dyn Lender>),
}

impl Credentials {
    /// Adds nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self(Kind::None)
    }

    /// Adds a key in a header of this name, such as `x-api-key`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the name is no header or one of the
    /// connection, or the key is empty or no header; it is not shown.
    pub fn api_key(header: &str, key: impl Into<SecretSource>) -> Result<Self> {
        Self::api_key_with_prefix(header, "", key)
    }

    /// Adds a key in a header of this name, with this before it, space included: `Token `.
    ///
    /// # Errors
    ///
    /// As [`api_key`](Self::api_key).
    pub fn api_key_with_prefix(
        header: &str,
        prefix: &str,
        key: impl Into<SecretSource>,
    ) -> Result<Self> {
        let name = HeaderName::try_from(header);
        let name = name.map_err(|_| invalid("credentials.header", "is no name of a header"))?;
        if FRAMING.contains(&name) {
            let rule = "must not be a header of the connection";
            return Err(invalid("credentials.header", rule));
        }
        Self::of(name, Form::prefixed(prefix), key.into())
    }

    /// Adds `Authorization: Bearer`, with a secret that does not expire by itself.
    ///
    /// # Errors
    ///
    /// As [`api_key`](Self::api_key).
    pub fn bearer(secret: impl Into<SecretSource>) -> Result<Self> {
        Self::of(
            header::AUTHORIZATION,
            Form::prefixed("Bearer "),
            secret.into(),
        )
    }

    /// Adds `Authorization: Basic` as RFC 7617 says, in UTF-8. The password must not be empty.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the user holds a colon or one of the
    /// two a control character.
    pub fn basic(user: &str, password: impl Into<SecretSource>) -> Result<Self> {
        if user.contains(|c: char| c == ':' || c.is_control()) {
            let rule = "must hold no colon and no control character";
            return Err(invalid("credentials.user", rule));
        }
        let user = user.to_owned();
        Self::of(header::AUTHORIZATION, Form::Basic { user }, password.into())
    }

    /// Adds `Authorization: Basic` with the key as user and no password, as some services want it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the key is empty, or holds a colon or a
    /// control character.
    pub fn basic_key(key: impl Into<SecretSource>) -> Result<Self> {
        Self::of(header::AUTHORIZATION, Form::BasicKey, key.into())
    }

    /// Adds a token that is fetched when it is needed and refreshed in time.
    #[must_use]
    pub fn token<S: TokenSource>(token: CachedToken<S>) -> Self {
        Self(Kind::Lent(Arc::new(token)))
    }

    /// Adds what this lender hands out, for tokens that are kept somewhere else.
    #[must_use]
    pub fn lent(lender: Arc<dyn Lender>) -> Self {
        Self(Kind::Lent(lender))
    }

    fn of(header: HeaderName, form: Form, source: SecretSource) -> Result<Self> {
        let SecretSource { first, origin } = source;
        let value = form.value(&first);
        let value = value.map_err(|rule| invalid("credentials.secret", rule))?;
        Ok(Self(match origin {
            Origin::Fixed => Kind::Fixed { header, value },
            Origin::Read { name, reader } => {
                let watched = Watched::new(header, form, value, name, reader);
                Kind::Lent(Arc::new(watched))
            }
        }))
    }

    /// Returns the header that is added, if any.
    #[must_use]
    pub fn header(&self) -> Option<&HeaderName> {
        match &self.0 {
            Kind::None => None,
            Kind::Fixed { header, .. } => Some(header),
            Kind::Lent(lender) => Some(lender.header()),
        }
    }

    /// Adds the credentials to the headers of an attempt, replacing those of an attempt before.
    ///
    /// Waits at most until `deadline` for a token that must be fetched first. Dropping the future
    /// leaves the fetch alone: the token is there for the next call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) when no token could be
    /// fetched, with the cause as source and its retriability;
    /// [`ErrorKind::DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) when it took too long.
    /// In both cases the request has not been sent.
    pub async fn authorize(
        &self,
        headers: &mut HeaderMap,
        deadline: Instant,
    ) -> Result<Generation> {
        let lender = match &self.0 {
            Kind::None => return Ok(Generation::default()),
            Kind::Fixed { header, value } => {
                headers.insert(header.clone(), value.clone());
                return Ok(Generation::default());
            }
            Kind::Lent(lender) => lender,
        };
        let lent = match lender.ready() {
            Some(lent) => lent,
            None => lender.lend(deadline).await?,
        };
        headers.insert(lender.header().clone(), lent.value);
        Ok(lent.generation)
    }

    /// Adds the credentials to a whole request: as [`authorize`](Self::authorize), and what a
    /// [`Lender`] adds for this method and address.
    ///
    /// # Errors
    ///
    /// As [`authorize`](Self::authorize), and those of [`Lender::sign`].
    pub async fn authorize_request(
        &self,
        method: &Method,
        url: &Url,
        headers: &mut HeaderMap,
        deadline: Instant,
    ) -> Result<Generation> {
        let generation = self.authorize(headers, deadline).await?;
        if let Kind::Lent(lender) = &self.0 {
            lender.sign(generation, method, url, headers)?;
        }
        Ok(generation)
    }

    /// Takes notice of an answer to a request authorized with this generation, of whatever status and
    /// before [`rejected`](Self::rejected), for a [`Lender`] that reads there what became of its value
    /// or what the next one needs.
    pub fn answered(
        &self,
        generation: Generation,
        url: &Url,
        status: StatusCode,
        headers: &HeaderMap,
    ) {
        if let Kind::Lent(lender) = &self.0 {
            lender.answered(generation, url, status, headers);
        }
    }

    /// Takes notice that a request authorized with this generation was refused with 401.
    ///
    /// To be answered by at most one more attempt, however often that is refused. A secret that is
    /// read from somewhere is read again first, at most until `deadline`. Of many callers that are
    /// refused at once, one causes a refresh and all are told to try again.
    pub async fn rejected(&self, generation: Generation, deadline: Instant) -> Rejection {
        self.rejected_with(generation, &HeaderMap::new(), deadline)
            .await
    }

    /// As [`rejected`](Self::rejected), with the headers of the answer, for a [`Lender`] that reads
    /// there whether its token was the cause.
    pub async fn rejected_with(
        &self,
        generation: Generation,
        answer: &HeaderMap,
        deadline: Instant,
    ) -> Rejection {
        match &self.0 {
            Kind::None | Kind::Fixed { .. } => Rejection::Final,
            Kind::Lent(lender) => lender.reject(generation, answer, deadline).await,
        }
    }
}

impl fmt::Debug for Credentials {
    /// Shows the header and what changes it, never a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::None => f.write_str("Credentials(none)"),
            Kind::Fixed { header, .. } => write!(f, "Credentials({header}: fixed)"),
            Kind::Lent(lender) => f
                .debug_tuple("Credentials")
                .field(lender.header())
                .field(lender)
                .finish(),
        }
    }
}

impl fmt::Display for Credentials {
    /// Shows the header alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.header() {
            Some(header) => write!(f, "credentials in {header}"),
            None => f.write_str("no credentials"),
        }
    }
}
