//! The layer.

use tower_layer::Layer;

use crate::{tower::service::Check, validator::Validator};

/// Wraps services in [`Check`].
#[derive(Clone, Debug)]
pub struct CheckLayer {
    validator: Validator,
}

impl CheckLayer {
    /// Lets tokens through that this validator accepts.
    #[must_use]
    pub fn new(validator: Validator) -> Self {
        Self { validator }
    }
}

impl<S> Layer<S> for CheckLayer {
    type Service = Check<S>;

    fn layer(&self, inner: S) -> Check<S> {
        Check::new(inner, self.validator.clone())
    }
}
