//! Keys that sign.

mod jwk;
mod key;
mod pair;
mod pem;
mod thumbprint;

pub use self::{key::SigningKey, thumbprint::thumbprint};
