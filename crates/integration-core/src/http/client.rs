//! The client: what is shared by all calls.

use std::{fmt, sync::Arc};

use ::http::{HeaderMap, HeaderName, Method};
use parking_lot::RwLock;
use url::Url;

use super::{
    ClientBuilder, HttpConfig, RequestBuilder,
    coalesce::Flights,
    response::Answer,
    transport::{TransportError, Wire},
};
use crate::{
    classify::Classify,
    credentials::Credentials,
    driver::Shared,
    error::Result,
    quota::QuotaParser,
    rate_limit::Quota,
    resilience::{Config, KeyPolicies, Preset},
};

/// Makes HTTP calls with a deadline, bounded retries, a rate limit and a circuit breaker each.
///
/// A clone is cheap and shares everything: connections, policies, budgets.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
}

/// What all clones share.
pub(super) struct Inner {
    pub(super) driver: Shared,
    pub(super) transport: Wire,
    pub(super) classify: Arc<dyn Classify<Answer, TransportError>>,
    /// Added to every request to the host of the base.
    pub(super) credentials: Option<Credentials>,
    /// Reads what answers say of quotas.
    pub(super) quotas: Option<Arc<dyn QuotaParser>>,
    pub(super) base: Option<Host>,
    /// Sent to the host of the base and to no other.
    pub(super) headers: HeaderMap,
    pub(super) operation_prefix: String,
    pub(super) naming: Naming,
    pub(super) http: RwLock<Arc<HttpConfig>>,
    /// Calls that others wait for.
    pub(super) flights: Option<Flights>,
    #[cfg(feature = "cache")]
    pub(super) cache: Option<super::cache::ResponseCache>,
}

/// The headers of a provider that every call needs to know.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    /// Where the provider says how it calls the request; asked before the common ones.
    pub(super) request_id: Option<&'static str>,
    pub(super) idempotency: HeaderName,
    pub(super) keys: IdempotencyKeys,
}

/// Which calls carry an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdempotencyKeys {
    OfTheCaller,
    OnEveryWrite,
}

impl Default for Naming {
    fn default() -> Self {
        Self {
            request_id: None,
            idempotency: HeaderName::from_static("idempotency-key"),
            keys: IdempotencyKeys::OfTheCaller,
        }
    }
}

/// An address that calls may go to, and the key of its policies.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) url: Url,
    /// `host:port`.
    pub(super) key: Arc<str>,
}

impl Host {
    /// Refuses, with the rule, what no call can go to.
    pub(super) fn new(url: Url) -> Result<Self, &'static str> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err("address must be http or https");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("address must hold no credentials");
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err("address has no host");
        };
        let key = Arc::from(format!("{host}:{port}"));
        Ok(Self { url, key })
    }

    /// Whether an address is of the same scheme, host and port.
    pub(super) fn is_origin_of(&self, url: &Url) -> bool {
        self.url.scheme() == url.scheme()
            && self.url.host_str() == url.host_str()
            && self.url.port_or_known_default() == url.port_or_known_default()
            && url.username().is_empty()
            && url.password().is_none()
    }
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

    /// Starts a client for a kind of service at `base`, with the settings that suit it.
    ///
    /// ```
    /// use integration_core::{http::Client, resilience::Preset};
    ///
    /// # fn main() -> integration_core::Result<()> {
    /// let builder = Client::preset(Preset::Payments, "http://127.0.0.1:12111")?;
    /// # let _ = builder.build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`standard`](Self::standard).
    pub fn preset(preset: Preset, base: &str) -> Result<ClientBuilder> {
        let builder = Self::standard(base)?;
        Ok(builder.policies(preset.policies()).http(preset.http()))
    }

    /// Returns the policies of a key, to look at and to switch while calls run.
    ///
    /// The key of a host is `host:port`.
    #[must_use]
    pub fn policies(&self, key: &str) -> KeyPolicies {
        self.inner.driver.of(key)
    }

    /// Gives a key a quota of its own, or replaces the one it has, while calls are running.
    ///
    /// The key of a host is `host:port`. Forgotten with the key when that is idle and its room is
    /// needed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the quota is not valid.
    pub fn set_rate_limit(&self, key: &str, quota: Quota) -> Result<()> {
        self.inner.driver.set_rate_limit(key, quota)
    }

    /// Replaces the configuration for the calls that begin from now on, while calls are running.
    ///
    /// Calls under way keep theirs. A policy whose own configuration is the same keeps its state for
    /// each key: an open circuit stays open, a pause goes on, a learned quota is not forgotten, and so
    /// is one set by [`set_rate_limit`](Self::set_rate_limit). Quotas and places of the bulkhead that
    /// did change take over what was taken, for the next attempts of running calls too; any other
    /// policy begins anew.
    ///
    /// Nothing of it is done when there is an error. The first change costs every later call two
    /// atomic operations.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field, when a value is out of its
    /// range or contradicts another, and when `connect_timeout`, `pool_per_host` or `proxy` differ:
    /// connections that are there were made with them, so they need a client of their own.
    pub fn reconfigure(&self, policies: Config, http: HttpConfig) -> Result<()> {
        let policies = policies.validate()?;
        let http = http.validate(&policies)?;
        self.inner.http.read().check_successor(&http)?;
        self.inner.driver.reconfigure(policies)?;
        *self.inner.http.write() = Arc::new(http);
        Ok(())
    }

    /// Does what [`reconfigure`](Self::reconfigure) does, with the settings of a service.
    ///
    /// The secret is not part of it: one of a file is read again by itself.
    ///
    /// # Errors
    ///
    /// As [`reconfigure`](Self::reconfigure), and when the settings name another base than that of
    /// the client, whose address does not change.
    #[cfg(feature = "settings")]
    pub fn reload(&self, settings: &crate::settings::ServiceSettings) -> Result<()> {
        let is_base = |text: &str| {
            let given = Url::parse(text).ok();
            self.inner.base.as_ref().map(|base| &base.url) == given.as_ref()
        };
        if settings.base().is_some_and(|text| !is_base(text)) {
            let rule = "cannot change while the client runs, build a new one";
            return Err(crate::config::invalid("base", rule));
        }
        self.reconfigure(settings.policies().clone(), settings.http().clone())
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

impl fmt::Debug for Client {
    /// Shows names of headers, never values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Client");
        shown
            .field("base", &self.inner.base)
            .field("operation_prefix", &self.inner.operation_prefix)
            .field("driver", &self.inner.driver)
            .field("http", &*self.inner.http.read())
            .field("headers", &self.inner.headers.keys().collect::<Vec<_>>())
            .field("flights", &self.inner.flights);
        #[cfg(feature = "cache")]
        shown.field("cache", &self.inner.cache);
        shown.finish_non_exhaustive()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::redact::url(self.url.as_str()))
    }
}
