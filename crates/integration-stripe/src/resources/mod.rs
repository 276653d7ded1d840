//! The nouns of Stripe's API: views, parameters and calls, generated from its `OpenAPI` document.

pub use crate::generated::*;
