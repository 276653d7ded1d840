//! From reqwest's errors to ours: what happened, and whether the server got the request.

use std::{error::Error as StdError, io};

use super::transport::TransportError;
use crate::error::{ErrorKind, Retriability};

/// Maps the failure of a request whose head did not come.
pub(super) fn from_reqwest(error: reqwest::Error) -> TransportError {
    let kind = kind_of(&error);
    // The address of the error holds the query, and with it perhaps a key.
    let error = error.without_url();
    let certificate = kind == ErrorKind::TlsHandshake && is_bad_certificate(&error);
    let timed_out = kind == ErrorKind::Connect && error.is_timeout();
    let failure = TransportError::new(kind).with_source(error);
    if certificate {
        return failure
            .with_message("certificate of the server is not trusted")
            .with_retriability(Retriability::Never);
    }
    if timed_out {
        failure.with_message("connection timed out")
    } else {
        failure
    }
}

/// Maps a failure in the middle of a body: the server has answered, so it may have acted.
pub(super) fn from_body(error: reqwest::Error) -> TransportError {
    let kind = if is_reset(&error) {
        ErrorKind::ConnectionReset
    } else {
        ErrorKind::Incomplete
    };
    TransportError::new(kind).with_source(error.without_url())
}

fn kind_of(error: &reqwest::Error) -> ErrorKind {
    if error.is_builder() {
        return ErrorKind::Serialize;
    }
    if error.is_dns() {
        return ErrorKind::Dns;
    }
    if error.is_connect() {
        let tls = find::<rustls::Error>(error).is_some();
        return if tls {
            ErrorKind::TlsHandshake
        } else {
            ErrorKind::Connect
        };
    }
    if error.is_timeout() {
        return ErrorKind::AttemptTimeout;
    }
    if is_reset(error) {
        return ErrorKind::ConnectionReset;
    }
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message) {
        return ErrorKind::Incomplete;
    }
    // Whatever else fails after the connection stood may have reached the server.
    ErrorKind::ConnectionReset
}

fn is_reset(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    let kind = find::<io::Error>(error).map(io::Error::kind);
    matches!(kind, Some(BrokenPipe | ConnectionAborted | ConnectionReset))
}

fn is_bad_certificate(error: &reqwest::Error) -> bool {
    matches!(
        find::<rustls::Error>(error),
        Some(rustls::Error::InvalidCertificate(_))
    )
}

/// Finds the first cause of a type, also where it hides inside an I/O error.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
