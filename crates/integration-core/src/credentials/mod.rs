//! Who calls: API keys, Basic, bearer secrets and tokens that expire.
//!
//! [`Credentials`] are added to the headers of every attempt, so that a retry never carries a token
//! that has expired since. A secret of a [`SecretSource`] is replaced without a restart. A token is
//! fetched by a [`TokenSource`] and kept by a [`CachedToken`]: once for all callers, early enough
//! that none waits, and once more when a server refuses it.
//!
//! ```
//! use integration_core::credentials::{CachedToken, Credentials, Token, TokenConfig};
//! use std::time::Duration;
//!
//! // In earnest: a call of the token endpoint.
//! let fetch = |_| async { Ok(Token::new("t0k3n").expires_in(Duration::from_secs(3600))) };
//! let token = CachedToken::new(fetch, TokenConfig::default())?;
//! let credentials = Credentials::token(token);
//! assert_eq!(credentials.to_string(), "credentials in authorization");
//! # Ok::<(), integration_core::Error>(())
//! ```
//!
//! # When not to use it
//!
//! Not for signatures over the body of a request. A [`CachedToken`] not where several processes share
//! one refresh token that is replaced with each use: one flight holds within a process only. A
//! [`Lender`] is for tokens that are kept elsewhere, such as by integration-oauth. There are no credentials in the query on purpose: an address is written to the
//! logs of servers and proxies, to histories, caches and error messages, and no mark keeps it out.
//!
//! # Order
//!
//! Inside the attempt and its timeout, last before the transport:
//! [`Credentials::authorize_request`]; on each answer [`Credentials::answered`]; on a 401
//! [`Credentials::rejected_with`], and if that says so, all once more, free of the retry budget.
//! A client does this with its
//! [`ClientBuilder::credentials`](crate::http::ClientBuilder::credentials). Dropping the future of a
//! call never cancels a fetch, which ends by [`TokenConfig::fetch_timeout`].

mod attach;
mod form;
mod lender;
mod secret;
mod token;

#[cfg(test)]
mod tests;

pub use self::{
    attach::Credentials,
    lender::{Generation, Lender, Lending, Lent, Rejection},
    secret::{MAX_SECRET, SecretSource},
    token::{
        CachedToken, Decision, Expiry, Moment, Settled, Token, TokenConfig, TokenSource, TokenState,
    },
};
