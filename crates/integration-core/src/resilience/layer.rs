//! The layer: validated configuration and shared state.

use std::{fmt, sync::Arc};

use tower_layer::Layer;

use super::{Config, KeyPolicies, Parts, Resilience};
use crate::{driver::Shared, error::Result, rate_limit::Quota};

/// Puts all policies around a service. See the [module](super).
pub struct ResilienceLayer<C>(Arc<Core<C>>);

/// What all services of a layer share.
pub(super) struct Core<C> {
    pub(super) shared: Shared,
    pub(super) classify: C,
}

impl<C> ResilienceLayer<C> {
    /// Uses the default configuration, the system's clock and no observer.
    ///
    /// # Errors
    ///
    /// None at present; the signature is that of [`new`](Self::new).
    pub fn standard(classify: C) -> Result<Self> {
        Self::new(Config::default(), classify)
    }

    /// Uses this configuration, the system's clock and no observer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn new(config: Config, classify: C) -> Result<Self> {
        Self::with_parts(config, classify, Parts::default())
    }

    /// Uses this configuration, and these parts instead of the system's.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn with_parts(config: Config, classify: C, parts: Parts) -> Result<Self> {
        let shared = Shared::new(config, parts)?;
        Ok(Self(Arc::new(Core { shared, classify })))
    }
}

impl<C> ResilienceLayer<C> {
    /// Returns the policies of a key, to look at and to switch while calls run.
    ///
    /// The key is what `Describe` says of a request.
    #[must_use]
    pub fn policies(&self, key: &str) -> KeyPolicies {
        self.0.shared.of(key)
    }

    /// Gives a key a quota of its own, or replaces the one it has, while calls are running.
    ///
    /// Forgotten with the key when that is idle and its room is needed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the quota is not valid.
    pub fn set_rate_limit(&self, key: &str, quota: Quota) -> Result<()> {
        self.0.shared.set_rate_limit(key, quota)
    }

    /// Replaces the configuration for the calls that begin from now on, while calls are running.
    ///
    /// Calls under way keep theirs. A policy whose own configuration is the same keeps its state for
    /// each key: an open circuit stays open, a pause goes on, a learned quota is not forgotten. Quotas
    /// and places of the bulkhead that did change take over what was taken, for the next attempts of
    /// running calls too; any other policy begins anew.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule; nothing is
    /// changed then.
    pub fn reconfigure(&self, config: Config) -> Result<()> {
        self.0.shared.reconfigure(config)
    }
}

impl<S, C> Layer<S> for ResilienceLayer<C> {
    type Service = Resilience<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Resilience::new(inner, Arc::clone(&self.0))
    }
}

impl<C> Clone for ResilienceLayer<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> fmt::Debug for ResilienceLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResilienceLayer")
            .field("shared", &self.0.shared)
            .finish_non_exhaustive()
    }
}
