//! The bearer token of a request, and the answer to one without a good token.

use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{AUTHORIZATION, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE},
};

use crate::rejection::Refusal;

/// Why a request reaches no handler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refused {
    /// There is no `Authorization: Bearer ..`, or more than one header of that name.
    NoToken,
    /// The token is not accepted, or cannot be judged.
    Token(Refusal),
}

impl Refused {
    /// Answers 401 as RFC 6750 has it, or 503 where the keys of the issuer are missing.
    #[must_use]
    pub fn answer<B: Default>(&self) -> Response<B> {
        let (status, name, value) = self.head();
        let mut response = Response::new(B::default());
        *response.status_mut() = status;
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
        response
    }

    fn head(&self) -> (StatusCode, HeaderName, &'static str) {
        match self {
            // RFC 6750 section 3.1: no error code for a request that did not try.
            Self::NoToken => (StatusCode::UNAUTHORIZED, WWW_AUTHENTICATE, "Bearer"),
            Self::Token(Refusal::Token(_)) => (
                StatusCode::UNAUTHORIZED,
                WWW_AUTHENTICATE,
                "Bearer error=\"invalid_token\"",
            ),
            Self::Token(Refusal::Keys(_)) => (StatusCode::SERVICE_UNAVAILABLE, RETRY_AFTER, "5"),
        }
    }
}

pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Refused> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(one), None) = (given.next(), given.next()) else {
        return Err(Refused::NoToken);
    };
    let parts = one.to_str().ok().and_then(|text| text.split_once(' '));
    match parts {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token),
        _ => Err(Refused::NoToken),
    }
}
