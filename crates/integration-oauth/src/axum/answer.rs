//! What a browser gets.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use integration_core::{Error, ErrorKind};

use crate::{
    error::OAuthError,
    login::{HEADERS, LoginRefusal, Page},
};

const DENIED: Page = Page {
    status: 403,
    title: "You are not logged in",
    text: "The login was cancelled, or the provider did not permit it.",
};

const OVER: Page = Page {
    status: 400,
    title: "This login is over",
    text: "It was used already, took too long, or was begun in another browser. Please begin again.",
};

const BAD: Page = Page {
    status: 400,
    title: "The login failed",
    text: "The request is not one that we can use. Please begin the login again.",
};

const LATER: Page = Page {
    status: 503,
    title: "The login is not possible just now",
    text: "The provider or a part of this site is not available. Please try again in a minute.",
};

const BROKEN: Page = Page {
    status: 500,
    title: "The login failed",
    text: "Something is wrong on our side. Please try again later.",
};

/// A page for what went wrong, which is logged here and nowhere else.
pub(super) fn failed(error: &Error) -> Response<Body> {
    let page = page_of(error);
    if page.status >= 500 {
        tracing::error!(%error, status = page.status, "a login failed");
    } else {
        tracing::warn!(%error, status = page.status, "a login was refused");
    }
    page_response(page)
}

fn page_of(error: &Error) -> Page {
    if let Some(refusal) = error.provider::<LoginRefusal>() {
        return match refusal {
            LoginRefusal::Malformed(_) | LoginRefusal::NoState | LoginRefusal::NoCode => BAD,
            LoginRefusal::NoAccount => BROKEN,
            _ => OVER,
        };
    }
    match error.kind() {
        ErrorKind::Validation if error.provider::<OAuthError>().is_none() => BAD,
        ErrorKind::PermissionDenied => DENIED,
        ErrorKind::Unavailable
        | ErrorKind::Internal
        | ErrorKind::Connect
        | ErrorKind::Dns
        | ErrorKind::TlsHandshake
        | ErrorKind::ConnectionReset
        | ErrorKind::Incomplete
        | ErrorKind::AttemptTimeout
        | ErrorKind::DeadlineExceeded
        | ErrorKind::RateLimited
        | ErrorKind::CircuitOpen
        | ErrorKind::Storage => LATER,
        _ => BROKEN,
    }
}

pub(super) fn page_response(page: Page) -> Response<Body> {
    let mut response = Response::new(Body::from(page.html()));
    *response.status_mut() = StatusCode::from_u16(page.status).unwrap_or_default();
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Sends the browser on, with no trace of this address, which may hold a code.
pub(super) fn redirect(address: &str) -> Response<Body> {
    let Ok(location) = HeaderValue::from_str(address) else {
        return page_response(BROKEN);
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}

/// Adds a cookie. Its value is marked, so that no log shows it.
pub(super) fn set_cookie(response: &mut Response<Body>, cookie: &str) {
    if let Ok(mut value) = HeaderValue::from_str(cookie) {
        value.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
