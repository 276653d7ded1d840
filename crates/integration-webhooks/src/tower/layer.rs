//! The layer.

use integration_core::clock::SharedClock;
use tower_layer::Layer;

use crate::{source::Source, tower::service::Verify};

/// Wraps services in [`Verify`].
#[derive(Debug, Clone)]
pub struct VerifyLayer {
    source: Source,
    clock: SharedClock,
}

impl VerifyLayer {
    /// Verifies as `source` does, at the time `clock` tells.
    #[must_use]
    pub fn new(source: Source, clock: SharedClock) -> Self {
        Self { source, clock }
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = Verify<S>;

    fn layer(&self, inner: S) -> Verify<S> {
        Verify::new(inner, self.source.clone(), self.clock.clone())
    }
}
