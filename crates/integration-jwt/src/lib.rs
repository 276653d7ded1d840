#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod address;
mod algorithm;
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(any(feature = "axum", feature = "tower"))]
mod bearer;
mod binding;
mod builder;
mod claims;
mod header;
mod jwk;
mod jwks;
mod jws;
mod key;
mod key_set;
pub mod limits;
mod profile;
mod rejection;
#[cfg(feature = "sign")]
mod sign;
mod strict_json;
#[cfg(feature = "tower")]
pub mod tower;
mod validator;
mod weak_rsa;

#[cfg(any(feature = "axum", feature = "tower"))]
pub use crate::bearer::Refused;
#[cfg(feature = "sign")]
pub use crate::sign::{SigningKey, thumbprint};
pub use crate::{
    algorithm::Algorithm,
    binding::Binding,
    builder::ValidatorBuilder,
    claims::Claims,
    jwks::{JwksCache, JwksConfig},
    key::Key,
    key_set::KeySet,
    rejection::{Refusal, Rejection},
    validator::Validator,
};
pub use integration_core::{Error, ErrorKind, Result, SecretString};
