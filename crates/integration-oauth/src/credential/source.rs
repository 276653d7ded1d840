//! A token that a credential is exchanged for.

use std::{collections::BTreeMap, fmt};

use integration_core::{
    Error, ErrorKind, Result, SecretString,
    credentials::{Token, TokenSource},
};
use tokio::time::Instant;

use super::{Credential, RotatingCredential};

/// The fields of a [`Credential::TwoStep`], exchanged for a token by a function, as
/// [`CachedToken`](integration_core::credentials::CachedToken) wants it.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use integration_core::credentials::{CachedToken, Credentials, Token, TokenConfig};
/// use integration_oauth::{
///     SecretString,
///     credential::{RotatingCredential, TwoStepSource},
/// };
///
/// fn credentials(rotating: RotatingCredential) -> integration_oauth::Result<Credentials> {
///     let source = TwoStepSource::new(rotating, |fields: BTreeMap<String, SecretString>| async move {
///         // In earnest: a call of the provider with `fields`.
///         Ok(Token::new(fields["key"].clone()))
///     });
///     Ok(Credentials::token(CachedToken::new(source, TokenConfig::default())?))
/// }
/// # let _ = credentials;
/// ```
pub struct TwoStepSource<F> {
    rotating: RotatingCredential,
    exchange: F,
}

impl<F> TwoStepSource<F> {
    /// Exchanges a credential by this function.
    pub fn new(rotating: RotatingCredential, exchange: F) -> Self {
        Self { rotating, exchange }
    }
}

impl<F, R> TokenSource for TwoStepSource<F>
where
    F: Fn(BTreeMap<String, SecretString>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Token>> + Send,
{
    async fn token(&self, _: Instant) -> Result<Token> {
        let mut picked = self.rotating.picked();
        let mut tries = 0;
        loop {
            tries += 1;
            let Credential::TwoStep { fields } = &picked.credential else {
                return Err(Error::new(ErrorKind::Config, "oauth.credential")
                    .with_message("this credential is sent as it is: use its headers"));
            };
            match (self.exchange)(fields.clone()).await {
                Ok(token) => {
                    self.rotating.took(&picked).await;
                    return Ok(token);
                }
                Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                    picked = self.rotating.other(&picked, tries).ok_or(error)?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl<F> fmt::Debug for TwoStepSource<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwoStepSource")
            .field("rotating", &self.rotating)
            .finish_non_exhaustive()
    }
}
