//! The HTTP client that every service crate stands on.
//!
//! A [`Client`] makes calls with all policies of [`resilience`](crate::resilience) around each.
//! The body of an answer is read and judged inside the attempt, so an answer that stalls half way
//! is a failed attempt that is retried like any other, and ends at the latest with the deadline.
//! Large and endless answers are [streamed](RequestBuilder::send_streaming) instead, guarded against
//! silence, and so are large [bodies](Body) of requests.
//!
//! Redirects are never followed: credentials, bodies and signed headers would go to a host that
//! the caller did not name. An answer that is not 2xx is an error with its body kept.
//!
//! # When not to use it
//!
//! Not around a client that retries by itself. Not for protocols that upgrade a connection.
//!
//! # Order
//!
//! That of [`resilience`](crate::resilience); inside the attempt: connect timeout, request, head,
//! body with its limit and stall guard, classifier. All clones of a client share connections and
//! policies. Dropping the future of a call cancels it.

mod attempt;
mod body;
mod builder;
#[cfg(feature = "cache")]
mod cache;
mod classify;
mod client;
mod coalesce;
mod config;
mod deadline;
mod equal;
mod errors;
mod failure;
mod path;
mod prepare;
mod public;
mod read;
mod request;
mod reqwest;
mod response;
mod send;
mod service;
mod stream;
mod tls;
mod transport;

#[cfg(test)]
mod tests;

#[cfg(feature = "cache")]
pub use self::cache::CacheConfig;
pub use self::{
    body::{Body, BodyError, BodyStream, Multipart, OpenBody, Part},
    builder::ClientBuilder,
    classify::{StandardClassifier, verdict_of_status},
    client::Client,
    config::{HttpConfig, Proxy},
    deadline::DeadlineHeader,
    errors::{ErrorBody, JsonErrors},
    path::path_part,
    public::is_public_address,
    request::RequestBuilder,
    reqwest::ReqwestTransport,
    response::{Answer, Response},
    service::{ClientService, MAX_REPLAYED, ServiceBody, ServiceFuture},
    stream::StreamingResponse,
    transport::{AttemptRequest, RawBody, RawResponse, Transport, TransportError},
};
pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
