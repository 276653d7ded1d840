//! An axum extractor: the handler runs for verified events only.
//!
//! Handshakes, oversized bodies and forged deliveries are answered as the sender's contract has it.
//! Reading stops at [`Source::body_limit`], but waits as long as the connection does: put a
//! timeout in front.

use axum::{
    body::HttpBody as _,
    extract::{FromRef, FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Limited};
use integration_core::clock::SharedClock;

use crate::{
    contract::SenderContract,
    event::{Answer, WebhookEvent},
    receive::{check_length, verdict},
    rejection::Refusal,
    source::Source,
};

/// A verified event, taken from the request by the [`Source`] and the clock in the state.
#[derive(Debug)]
pub struct VerifiedWebhook(pub WebhookEvent);

/// The answer to a request that reaches no handler.
#[derive(Debug)]
pub struct Refused {
    /// Why, for logs.
    pub refusal: Refusal,
    contract: SenderContract,
}

impl<S> FromRequest<S> for VerifiedWebhook
where
    S: Send + Sync,
    Source: FromRef<S>,
    SharedClock: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let source = Source::from_ref(state);
        let clock = SharedClock::from_ref(state);
        let contract = source.contract();
        let refused = |refusal| Refused { refusal, contract };
        let (parts, body) = request.into_parts();
        check_length(&source, body.size_hint().lower()).map_err(refused)?;
        let read = Limited::new(body, source.body_limit()).collect().await;
        verdict(&source, &clock, &parts.headers, read)
            .map(Self)
            .map_err(refused)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.refusal.answer(&self.contract).into_response()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = HeaderValue::from_static(self.content_type);
        (status, [(CONTENT_TYPE, content_type)], self.body).into_response()
    }
}
