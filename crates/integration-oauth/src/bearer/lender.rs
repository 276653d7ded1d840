//! The token of a connection as credentials of a client.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, Method, StatusCode, header::AUTHORIZATION};
use integration_core::{
    Delivery, Result,
    credentials::{Credentials, Generation, Lender, Lending, Lent, Rejection},
};
use parking_lot::Mutex;
use tokio::time::Instant;
use url::Url;

use super::{blame::blames_token, bound::Proofs};
use crate::{
    connection::ConnectionKey,
    dpop,
    manager::{AccessToken, OAuth, Tokens},
};

impl OAuth {
    /// Returns the tokens of a connection as credentials of a client of integration-core.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](integration_core::ErrorKind::Config) for a provider that is not known
    /// here.
    pub fn credentials(&self, key: &ConnectionKey) -> Result<Credentials> {
        Ok(self.tokens(key)?.credentials())
    }
}

impl Tokens {
    /// Returns these tokens as credentials of a client of integration-core.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        Credentials::lent(Arc::new(Loan {
            tokens: self.clone(),
            proofs: Proofs::default(),
            last: Mutex::default(),
        }))
    }
}

/// Tokens that are lent to a client.
struct Loan {
    tokens: Tokens,
    proofs: Proofs,
    /// Where the last proof was for: an answer that refuses it may bring a nonce.
    last: Mutex<Option<Url>>,
}

impl Loan {
    fn lent(token: &AccessToken) -> Lent {
        Lent::new(token.header().clone(), Generation::new(token.version()))
    }

    fn judge(&self, generation: Generation, answer: &HeaderMap) -> Rejection {
        let status = StatusCode::UNAUTHORIZED;
        if dpop::wants_nonce(status, answer) {
            if let Some(url) = &*self.last.lock() {
                self.proofs.learn(url, answer);
            }
            return Rejection::TryAgain;
        }
        if blames_token(self.tokens.challenge(), status, answer) {
            self.tokens.refused(generation.number())
        } else {
            Rejection::Final
        }
    }
}

impl Lender for Loan {
    fn header(&self) -> &HeaderName {
        &AUTHORIZATION
    }

    fn ready(&self) -> Option<Lent> {
        self.tokens.ready().as_ref().map(Self::lent)
    }

    fn lend(&self, deadline: Instant) -> Lending<'_, Result<Lent>> {
        Box::pin(async move {
            let token = self.tokens.get_until(deadline).await;
            // Whatever became of the exchange, the call itself was not sent.
            let token = token.map_err(|error| error.with_delivery(Delivery::NotSent))?;
            Ok(Self::lent(&token))
        })
    }

    fn reject(
        &self,
        generation: Generation,
        answer: &HeaderMap,
        _deadline: Instant,
    ) -> Lending<'_, Rejection> {
        let rejection = self.judge(generation, answer);
        Box::pin(std::future::ready(rejection))
    }

    fn sign(
        &self,
        _generation: Generation,
        method: &Method,
        url: &Url,
        headers: &mut HeaderMap,
    ) -> Result<()> {
        // Replaced since, it is proven in vain, refused, and proven again.
        let Some(token) = self
            .tokens
            .ready()
            .filter(|token| token.dpop_key().is_some())
        else {
            return Ok(());
        };
        *self.last.lock() = Some(url.clone());
        let clock = self.tokens.clock();
        self.proofs.sign(&token, clock, method, url, headers)
    }
}

impl fmt::Debug for Loan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Loan").field(&self.tokens).finish()
    }
}
