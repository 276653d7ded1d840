#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "axum")]
pub mod axum;
mod claim;
mod contract;
mod encoding;
mod event;
mod explain;
#[doc(hidden)]
pub mod fuzzing;
mod generic;
mod headers;
mod key;
pub mod limits;
mod pointer;
#[cfg(any(feature = "axum", feature = "tower"))]
mod receive;
mod rejection;
mod scheme;
mod schemes;
mod secret;
pub mod sign;
mod source;
#[cfg(feature = "tower")]
pub mod tower;

pub use crate::{
    contract::SenderContract,
    event::{Answer, DedupKey, IdOrigin, Verified, WebhookEvent},
    explain::Explanation,
    generic::{HmacAlgorithm, HmacEncoding, HmacScheme},
    pointer::{JsonPointer, MAX_POINTER_STEPS},
    rejection::{Refusal, Rejection},
    scheme::Scheme,
    secret::Secret,
    source::Source,
};
pub use integration_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};
