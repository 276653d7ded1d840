//! One attempt: authorized, sent, read to the end, and told of.

use ::http::StatusCode;
use tokio::time::Instant;
use tracing::Span;

use super::{
    client::Inner,
    config::HttpConfig,
    read::{Arrived, Reading},
    response,
    transport::{AttemptRequest, TransportError},
};
use crate::{
    credentials::{Credentials, Rejection},
    driver::AttemptContext,
    error::ErrorKind,
    observe::{
        Exchange, Passing, Target,
        spans::{attempt_span, end_attempt, traced},
    },
};

/// What all attempts of a call send.
#[derive(Clone, Copy)]
pub(super) struct Sending<'a> {
    pub(super) inner: &'a Inner,
    pub(super) request: &'a AttemptRequest,
    pub(super) reading: Reading,
    pub(super) http: &'a HttpConfig,
    /// Whether it goes to the host that the credentials are for, and brings none of its own.
    pub(super) is_ours: bool,
    /// Named only when somebody watches.
    pub(super) operation: &'a str,
    pub(super) key: &'a str,
    pub(super) span: &'a Span,
}

impl Sending<'_> {
    /// Makes one attempt in a span of its own.
    pub(super) async fn attempt(self, context: AttemptContext) -> Result<Arrived, TransportError> {
        let request = self.describe();
        let span = attempt_span(self.span, &request, context.number, context.number - 1);
        traced(span, self.send(context), |span, raw| match raw {
            Ok(arrived) => {
                let status = arrived.answer.status.as_u16();
                end_attempt(span, Some(status), ErrorKind::from_status(status));
            }
            Err(error) => end_attempt(span, None, Some(error.kind)),
        })
        .await
    }

    pub(super) fn describe(&self) -> crate::observe::spans::Request<'_> {
        let AttemptRequest { method, url, .. } = self.request;
        crate::observe::spans::Request::new(self.operation, self.key, method.as_str(), url.as_str())
    }

    async fn send(self, context: AttemptContext) -> Result<Arrived, TransportError> {
        let credentials = self.inner.credentials.as_ref().filter(|_| self.is_ours);
        if credentials.is_none() && self.http.deadline_header.is_none() {
            return self.exchange(self.request, context.number).await;
        }
        let mut request = self.request.clone();
        if let Some(header) = &self.http.deadline_header {
            let left = context
                .end()
                .saturating_duration_since(self.inner.driver.now());
            header.insert(left, &mut request.headers);
        }
        match credentials {
            Some(credentials) => self.authorized(credentials, request, context).await,
            None => self.exchange(&request, context.number).await,
        }
    }

    /// Adds the credentials, and once more after they were refused: with what is current then.
    async fn authorized(
        self,
        credentials: &Credentials,
        mut request: AttemptRequest,
        context: AttemptContext,
    ) -> Result<Arrived, TransportError> {
        let end = context.end();
        let lent = credentials.authorize(&mut request.headers, end).await;
        let generation = lent.map_err(TransportError::not_sent)?;
        let arrived = self.exchange(&request, context.number).await?;
        if arrived.answer.status != StatusCode::UNAUTHORIZED {
            return Ok(arrived);
        }
        match credentials.rejected(generation, end).await {
            Rejection::TryAgain if request.body.is_replayable() => {
                let lent = credentials.authorize(&mut request.headers, end).await;
                lent.map_err(TransportError::not_sent)?;
                self.exchange(&request, context.number).await
            }
            _ => Ok(arrived),
        }
    }

    async fn exchange(
        self,
        request: &AttemptRequest,
        number: u32,
    ) -> Result<Arrived, TransportError> {
        let began = self.inner.driver.is_observed().then(|| {
            let bytes = request.body.length();
            self.tell(number, Passing::Request { bytes });
            self.inner.driver.now()
        });
        let result = self.inner.transport.exchange(request, self.reading).await;
        if let Some(began) = began {
            self.tell_result(number, &result, began);
        }
        result
    }

    fn tell_result(&self, number: u32, result: &Result<Arrived, TransportError>, began: Instant) {
        let elapsed = self.inner.driver.now().saturating_duration_since(began);
        match result {
            Ok(Arrived { answer, rest }) => {
                let own = self.inner.naming.request_id;
                let request_id = response::find_request_id(&answer.headers, own);
                let len = u64::try_from(answer.body.len());
                self.tell(
                    number,
                    Passing::Answer {
                        status: answer.status.as_u16(),
                        elapsed,
                        bytes: len.ok().filter(|_| rest.is_none()),
                        request_id,
                    },
                );
            }
            Err(error) => {
                let kind = error.kind;
                self.tell(number, Passing::Failure { kind, elapsed });
            }
        }
    }

    fn tell(&self, number: u32, what: Passing<'_>) {
        let AttemptRequest { method, url, .. } = self.request;
        let target = Target::new(url.as_str());
        let (operation, key) = (self.operation, self.key);
        let exchange = Exchange::new(operation, key, method.as_str(), target, what);
        self.inner.driver.exchange(&exchange.with_attempt(number));
    }
}
