//! From reqwest's errors to ours: what happened, and whether the server got the request.

use std::{error::Error as StdError, fmt, io};

use super::{
    body::BodyError,
    public::{self, NotPublic},
    transport::TransportError,
};
use crate::error::{Delivery, ErrorKind, Retriability};

/// Maps the failure of a request whose head did not come.
pub(super) fn from_reqwest(error: reqwest::Error) -> TransportError {
    if find::<NotPublic>(&error).is_some() {
        return public::refusal();
    }
    let kind = kind_of(&error);
    // The address of the error holds the query, and with it perhaps a key.
    let error = error.without_url();
    if find::<BodyFailed>(&error).is_some() {
        // Part of it is out, and to a server that goes by chunks it may look complete.
        return TransportError::new(ErrorKind::Serialize)
            .with_message("body of the request could not be read to its end")
            .with_delivery(Delivery::MaybeExecuted)
            .with_source(error);
    }
    let certificate = kind == ErrorKind::TlsHandshake && is_bad_certificate(&error);
    if kind == ErrorKind::BodyTooLarge {
        return TransportError::new(kind)
            .with_message("head of the answer is too large")
            .with_source(error);
    }
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

/// A body of ours that could not go on.
#[derive(Debug)]
pub(super) struct BodyFailed(pub(super) BodyError);

impl fmt::Display for BodyFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("body of the request could not be read to its end")
    }
}

impl StdError for BodyFailed {
    fn source(&self) -> Option<Cause<'_>> {
        Some(&*self.0)
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
    // It will be as large the next time.
    if find::<hyper::Error>(error).is_some_and(is_head_too_large) {
        return ErrorKind::BodyTooLarge;
    }
    // Whatever else fails after the connection stood may have reached the server.
    ErrorKind::ConnectionReset
}

/// hyper tells it by a method only in programs that also build its server; a test sends such a head.
fn is_head_too_large(error: &hyper::Error) -> bool {
    error.is_parse() && error.to_string().contains("too large")
}

fn is_reset(error: Cause<'_>) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| {
            matches!(
                cause.kind(),
                BrokenPipe | ConnectionAborted | ConnectionReset
            )
        })
}

fn is_bad_certificate(error: Cause<'_>) -> bool {
    matches!(
        find::<rustls::Error>(error),
        Some(rustls::Error::InvalidCertificate(_))
    )
}

fn find<T: StdError + 'static>(error: Cause<'_>) -> Option<&T> {
    causes(error).find_map(<dyn StdError>::downcast_ref)
}

type Cause<'a> = &'a (dyn StdError + 'static);

/// Returns the error and all its causes.
fn causes(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(Some(error), |error| cause(*error))
}

/// Returns the next cause, also where it hides inside an I/O error.
fn cause(error: Cause<'_>) -> Option<Cause<'_>> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use reqwest::dns::{Name, Resolve, Resolving};
    use rustls::{CertificateError, Error as TlsError};

    use super::{from_reqwest, is_bad_certificate, is_reset};
    use crate::{
        error::{Delivery, ErrorKind},
        http::tls,
    };

    struct NoSuchHost;

    impl Resolve for NoSuchHost {
        fn resolve(&self, _name: Name) -> Resolving {
            Box::pin(async { Err("no such host".into()) })
        }
    }

    #[tokio::test]
    async fn a_host_that_is_not_found_was_not_sent_to() {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::none().unwrap())
            .no_proxy()
            .dns_resolver(NoSuchHost)
            .build()
            .unwrap();
        let error = client
            .get("http://nowhere.example/?key=s3cret")
            .send()
            .await
            .unwrap_err();
        let failure = from_reqwest(error);
        assert_eq!(failure.kind, ErrorKind::Dns);
        assert_eq!(failure.delivery, Delivery::NotSent);
        assert!(!format!("{failure:?}").contains("s3cret"));
    }

    #[test]
    fn a_bad_certificate_is_found_inside_an_io_error() {
        let unknown = TlsError::InvalidCertificate(CertificateError::UnknownIssuer);
        assert!(is_bad_certificate(&io::Error::other(unknown)));
        assert!(!is_bad_certificate(&io::Error::other(
            TlsError::DecryptError
        )));
        assert!(!is_bad_certificate(&io::Error::other("certificate")));
    }

    #[test]
    fn a_reset_is_found_inside_another_error() {
        assert!(is_reset(&io::Error::other(io::Error::from(
            io::ErrorKind::ConnectionReset
        ))));
        assert!(!is_reset(&io::Error::from(io::ErrorKind::UnexpectedEof)));
    }
}
