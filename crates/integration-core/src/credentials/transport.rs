//! A transport that adds credentials.

use std::{fmt, sync::Arc, time::Duration};

use ::http::StatusCode;
use url::{Origin, Url};

use super::{Credentials, Rejection};
use crate::{
    clock::{SharedClock, SystemClock},
    error::Error,
    http::{AttemptRequest, RawResponse, Transport, TransportError},
};

/// How long a request waits for its credentials, or for those after a 401.
const PATIENCE: Duration = Duration::from_secs(30);

/// Adds [`Credentials`] to the requests to one origin, and sends a request once more with other
/// credentials when it was refused with 401.
///
/// Requests to another origin go as they are: credentials are for whom they were given. So does a
/// request that has such a header already. The second sending belongs to the same attempt: it
/// costs nothing of the retry budget and ends with the timeout of the attempt.
pub struct AuthTransport<T> {
    inner: T,
    credentials: Credentials,
    origin: Origin,
    clock: SharedClock,
}

impl<T: Transport> AuthTransport<T> {
    /// Adds `credentials` to what `inner` sends to the scheme, host and port of `base`.
    #[must_use]
    pub fn new(inner: T, credentials: Credentials, base: &Url) -> Self {
        Self {
            inner,
            credentials,
            origin: base.origin(),
            clock: Arc::new(SystemClock),
        }
    }

    fn is_ours(&self, request: &AttemptRequest) -> bool {
        let header = self.credentials.header();
        header.is_some_and(|header| !request.headers.contains_key(header))
            && request.url.origin() == self.origin
    }
}

impl<T: Transport> Transport for AuthTransport<T> {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        if !self.is_ours(request) {
            return self.inner.send(request).await;
        }
        let mut request = request.clone();
        let deadline = self.clock.now() + PATIENCE;
        let authorized = self.credentials.authorize(&mut request.headers, deadline);
        let generation = authorized.await.map_err(failure)?;
        let response = self.inner.send(&request).await?;
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let deadline = self.clock.now() + PATIENCE;
        if self.credentials.rejected(generation, deadline).await == Rejection::Final {
            return Ok(response);
        }
        let authorized = self.credentials.authorize(&mut request.headers, deadline);
        match authorized.await {
            Ok(_) => {
                drop(response);
                self.inner.send(&request).await
            }
            // The 401 tells more than that there is nothing better.
            Err(_) => Ok(response),
        }
    }
}

fn failure(error: Error) -> TransportError {
    TransportError::new(error.kind())
        .with_message(error.message().to_owned())
        .with_retriability(error.retriability())
        .with_source(error)
}

impl<T> fmt::Debug for AuthTransport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthTransport")
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}
