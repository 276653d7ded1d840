//! One attempt: authorized, sent, read to the end, and told of.

use std::pin::pin;

use ::http::StatusCode;
use tokio::time::Instant;
use tracing::Span;

use super::{
    client::Inner,
    read::Arrived,
    response,
    send::{Prepared, Raw},
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
pub(super) struct Sending<'a> {
    pub(super) prepared: &'a Prepared,
    /// Named only when somebody watches.
    pub(super) operation: &'a str,
    pub(super) span: &'a Span,
}

impl Sending<'_> {
    /// Makes one attempt in a span of its own.
    pub(super) fn attempt(&self, context: AttemptContext) -> impl Future<Output = Raw> {
        let request = self.describe();
        let span = attempt_span(self.span, &request, context.number, context.number - 1);
        // A block and no `async fn`, which would hold what it is given twice.
        async move {
            let sending = pin!(self.send(&context));
            traced(span, sending, |span, raw| match raw {
                Ok(arrived) => {
                    let status = arrived.answer.status.as_u16();
                    end_attempt(span, Some(status), ErrorKind::from_status(status));
                }
                Err(error) => end_attempt(span, None, Some(error.kind)),
            })
            .await
        }
    }

    pub(super) fn describe(&self) -> crate::observe::spans::Request<'_> {
        let Prepared { request, key, .. } = self.prepared;
        let AttemptRequest { method, url, .. } = request;
        crate::observe::spans::Request::new(self.operation, key, method.as_str(), url.as_str())
    }

    /// Adds what only this attempt has, and sends it; once more after what was signed was refused, and
    /// once more after its credentials were, with what is current then.
    async fn send(&self, context: &AttemptContext) -> Result<Arrived, TransportError> {
        let Prepared {
            client, is_ours, ..
        } = self.prepared;
        let credentials = client.inner.credentials.as_ref().filter(|_| *is_ours);
        let mut own = self.own_request(credentials, context);
        let mut is_signed_again = false;
        let mut is_renewed = false;
        loop {
            let mut lent = None;
            if let (Some(credentials), Some(request)) = (credentials, &mut own) {
                let AttemptRequest {
                    method,
                    url,
                    headers,
                    ..
                } = &mut **request;
                let authorizing =
                    credentials.authorize_request(method, url, headers, context.end());
                let authorized = authorizing.await;
                let generation = authorized.map_err(TransportError::not_sent)?;
                lent = Some((credentials, generation));
            }
            let request = own.as_deref().unwrap_or(&self.prepared.request);
            // One place that sends: each would make the future of every call larger by its own.
            let arrived = self.exchange(request, context.number).await?;
            let (status, headers) = (arrived.answer.status, &arrived.answer.headers);
            let Some((credentials, generation)) = lent else {
                return Ok(arrived);
            };
            credentials.answered(generation, &request.url, status, headers);
            if status != StatusCode::UNAUTHORIZED || is_renewed {
                return Ok(arrived);
            }
            let rejected = credentials.rejected_with(generation, headers, context.end());
            match rejected.await {
                _ if !request.body.is_replayable() => return Ok(arrived),
                Rejection::TryAgain => is_renewed = true,
                Rejection::SignAgain if !is_signed_again => is_signed_again = true,
                _ => return Ok(arrived),
            }
        }
    }

    /// Returns the request of this attempt, where it differs from that of the call.
    fn own_request(
        &self,
        credentials: Option<&Credentials>,
        context: &AttemptContext,
    ) -> Option<Box<AttemptRequest>> {
        let deadline = self.prepared.http.deadline_header.as_ref();
        if credentials.is_none() && deadline.is_none() {
            return None;
        }
        let mut request = Box::new(self.prepared.request.clone());
        if let Some(header) = deadline {
            let now = self.inner().driver.now();
            let left = context.end().saturating_duration_since(now);
            header.insert(left, &mut request.headers);
        }
        Some(request)
    }

    async fn exchange(
        &self,
        request: &AttemptRequest,
        number: u32,
    ) -> Result<Arrived, TransportError> {
        let inner = self.inner();
        let began = inner.driver.is_observed().then(|| {
            let bytes = request.body.length();
            self.tell(number, Passing::Request { bytes });
            inner.driver.now()
        });
        let reading = self.prepared.reading();
        let result = inner.transport.exchange(request, &reading).await;
        if let Some(began) = began {
            self.tell_result(number, &result, began);
        }
        result
    }

    fn inner(&self) -> &Inner {
        &self.prepared.client.inner
    }

    fn tell_result(&self, number: u32, result: &Result<Arrived, TransportError>, began: Instant) {
        let elapsed = self.inner().driver.now().saturating_duration_since(began);
        match result {
            Ok(Arrived { answer, rest }) => {
                let own = self.inner().naming.request_id;
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
        let Prepared { request, key, .. } = self.prepared;
        let AttemptRequest { method, url, .. } = request;
        let target = Target::new(url.as_str());
        let exchange = Exchange::new(self.operation, key, method.as_str(), target, what);
        self.inner().driver.exchange(&exchange.with_attempt(number));
    }
}
