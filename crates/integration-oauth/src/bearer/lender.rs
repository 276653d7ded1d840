//! The token of a connection as credentials of a client.

use std::{collections::VecDeque, fmt, sync::Arc};

use http::{HeaderMap, HeaderName, Method, StatusCode, header::AUTHORIZATION};
use integration_core::{
    Delivery, Error, ErrorKind, Result, Retriability,
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
        Credentials::lent(Arc::new(Loan::new(self.clone())))
    }
}

/// Tokens that are lent to a client.
pub(super) struct Loan {
    tokens: Tokens,
    proofs: Proofs,
    /// The last tokens that were lent and need a proof, the newest first: a proof is for the token
    /// that goes with it, whatever is at hand by then.
    bound: Mutex<VecDeque<AccessToken>>,
}

/// Tokens whose proof may be still to come: it is made as soon as the token was lent.
const MAX_BOUND: usize = 4;

impl Loan {
    pub(super) fn new(tokens: Tokens) -> Self {
        Self {
            tokens,
            proofs: Proofs::default(),
            bound: Mutex::default(),
        }
    }

    fn lent(&self, token: &AccessToken) -> Lent {
        if token.is_bound() {
            self.remember(token);
        }
        Lent::new(token.header().clone(), Generation::new(token.version()))
    }

    fn remember(&self, token: &AccessToken) {
        let mut bound = self.bound.lock();
        if bound.iter().all(|one| one.version() != token.version()) {
            bound.push_front(token.clone());
            bound.truncate(MAX_BOUND);
        }
    }

    fn lent_as(&self, generation: Generation) -> Option<AccessToken> {
        let bound = self.bound.lock();
        let mut bound = bound.iter();
        bound
            .find(|token| token.version() == generation.number())
            .cloned()
    }

    fn judge(&self, generation: Generation, answer: &HeaderMap) -> Rejection {
        let status = StatusCode::UNAUTHORIZED;
        if dpop::wants_nonce(status, answer) && self.lent_as(generation).is_some() {
            return Rejection::SignAgain;
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
        self.tokens.ready().map(|token| self.lent(&token))
    }

    fn lend(&self, deadline: Instant) -> Lending<'_, Result<Lent>> {
        Box::pin(async move {
            let token = self.tokens.get_until(deadline).await;
            // Whatever became of the exchange, the call itself was not sent.
            let token = token.map_err(|error| error.with_delivery(Delivery::NotSent))?;
            Ok(self.lent(&token))
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

    fn answered(&self, _: Generation, url: &Url, _: StatusCode, headers: &HeaderMap) {
        self.proofs.learn(url, headers);
    }

    fn sign(
        &self,
        generation: Generation,
        method: &Method,
        url: &Url,
        headers: &mut HeaderMap,
    ) -> Result<()> {
        let value = headers.get(AUTHORIZATION);
        if !value.is_some_and(|value| value.as_bytes().starts_with(b"DPoP ")) {
            return Ok(());
        }
        let token = self.lent_as(generation).ok_or_else(|| {
            Error::new(ErrorKind::Unauthenticated, dpop::OPERATION)
                .with_message("the token was replaced before its proof was made")
                .with_retriability(Retriability::Always)
                .with_delivery(Delivery::NotSent)
        })?;
        let clock = self.tokens.clock();
        self.proofs.sign(&token, clock, method, url, headers)
    }
}

impl fmt::Debug for Loan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Loan").field(&self.tokens).finish()
    }
}
