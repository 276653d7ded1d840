//! The client: what is shared by all calls.

use std::sync::Arc;

use super::{ClientBuilder, Method, RequestBuilder};
use crate::error::Result;

/// Makes HTTP calls with a deadline, bounded retries, a rate limit and a circuit breaker each.
///
/// A clone is cheap and shares everything: connections, policies, budgets.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
}

/// What all clones share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) operation_prefix: String,
}

impl Client {
    /// Starts a client without a base address and with the `standard` policies.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// Starts a client for an interactive API at `base`: all policies on, defaults of the README.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when `base` is not an `http` or `https`
    /// address, or holds credentials, a query or a fragment.
    pub fn standard(base: &str) -> Result<ClientBuilder> {
        ClientBuilder::new().base(base)
    }

    /// Starts a call. `target` is an absolute address, or a path below the base.
    ///
    /// A mistake in it is reported by [`RequestBuilder::send`].
    pub fn request(&self, method: Method, target: &str) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, target)
    }

    /// Starts a `GET`.
    pub fn get(&self, target: &str) -> RequestBuilder {
        self.request(Method::GET, target)
    }

    /// Starts a `HEAD`.
    pub fn head(&self, target: &str) -> RequestBuilder {
        self.request(Method::HEAD, target)
    }

    /// Starts a `POST`, which is sent again only if it has an idempotency key or never arrived.
    pub fn post(&self, target: &str) -> RequestBuilder {
        self.request(Method::POST, target)
    }

    /// Starts a `PUT`.
    pub fn put(&self, target: &str) -> RequestBuilder {
        self.request(Method::PUT, target)
    }

    /// Starts a `PATCH`, which is sent again only if it has an idempotency key or never arrived.
    pub fn patch(&self, target: &str) -> RequestBuilder {
        self.request(Method::PATCH, target)
    }

    /// Starts a `DELETE`.
    pub fn delete(&self, target: &str) -> RequestBuilder {
        self.request(Method::DELETE, target)
    }
}
