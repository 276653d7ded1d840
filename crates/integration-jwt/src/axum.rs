//! An axum extractor: the handler runs for accepted tokens only.
//!
//! The [`Validator`] is taken from the state. A request without a bearer token, or with one that is
//! not accepted, is answered 401 as RFC 6750 has it; 503 where the keys of the issuer are missing.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{claims::Claims, rejection::Refusal, validator::Validator};

/// The claims of the bearer token of the request.
#[derive(Clone, Debug)]
pub struct Bearer<T = Map<String, Value>>(pub Claims<T>);

/// Why a request reaches no handler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refused {
    /// There is no `Authorization: Bearer ..`, or more than one header of that name.
    NoToken,
    /// The token is not accepted, or cannot be judged.
    Token(Refusal),
}

impl<S, T> FromRequestParts<S> for Bearer<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
    Validator: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let token = bearer(&parts.headers).ok_or(Refused::NoToken)?;
        let checked = Validator::from_ref(state).check(token).await;
        checked.map(Self).map_err(Refused::Token)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (one, None) = (given.next()?, given.next()) else {
        return None;
    };
    let (scheme, token) = one.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            // RFC 6750 section 3.1: no error code for a request that did not try.
            Self::NoToken => {
                (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response()
            }
            Self::Token(Refusal::Token(_)) => {
                let challenge = [(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
                (StatusCode::UNAUTHORIZED, challenge).into_response()
            }
            Self::Token(Refusal::Keys(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]).into_response()
            }
        }
    }
}
