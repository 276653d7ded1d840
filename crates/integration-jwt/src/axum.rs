//! An axum extractor: the handler runs for accepted tokens only.
//!
//! The [`Validator`] is taken from the state. A request without a bearer token, or with one that is
//! not accepted, is answered 401 as RFC 6750 has it; 503 where the keys of the issuer are missing.

use axum::{
    body::Body,
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    bearer::{Refused, bearer},
    claims::Claims,
    validator::Validator,
};

/// The claims of the bearer token of the request.
#[derive(Clone, Debug)]
pub struct Bearer<T = Map<String, Value>>(pub Claims<T>);

impl<S, T> FromRequestParts<S> for Bearer<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
    Validator: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let token = bearer(&parts.headers)?;
        let checked = Validator::from_ref(state).check(token).await;
        checked.map(Self).map_err(Refused::Token)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.answer::<Body>()
    }
}
