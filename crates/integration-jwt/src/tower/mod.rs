//! A tower layer that lets requests with a good bearer token through and answers all others itself.
//!
//! The inner service finds the [`Claims`](crate::Claims) in the extensions of the request. All others
//! are answered 401 as RFC 6750 has it, or 503 where the keys of the issuer are missing, and never
//! reach it.
//!
//! Not for services that serve some requests to everybody: put it around those that need a token.
//!
//! Put what bounds the number of requests outside, and what needs to know the caller inside:
//!
//! ```text
//! right: ServiceBuilder::new().concurrency_limit(64).layer(check).layer(quota_of_user).service(inner)
//! wrong: ServiceBuilder::new().layer(quota_of_user).layer(check).service(inner)
//! ```
//!
//! Clones share the validator and its keys; readiness is never copied.

mod future;
mod layer;
mod service;

pub use self::{future::ResponseFuture, layer::CheckLayer, service::Check};
