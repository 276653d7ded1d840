#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod contract;
mod event;
mod generic;
mod rejection;
mod scheme;
mod secret;
pub mod sign;
mod source;

pub use crate::{
    contract::SenderContract,
    event::{Answer, DedupKey, IdOrigin, Verified, WebhookEvent},
    generic::{HmacAlgorithm, HmacEncoding, HmacScheme},
    rejection::Rejection,
    scheme::Scheme,
    secret::Secret,
    source::{DEFAULT_TOLERANCE, Source},
};
pub use integration_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};
