#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod claim;
mod contract;
mod encoding;
mod event;
mod explain;
mod generic;
mod headers;
mod key;
pub mod limits;
mod pointer;
mod rejection;
mod scheme;
mod schemes;
mod secret;
pub mod sign;
mod source;

pub use crate::{
    contract::SenderContract,
    event::{Answer, DedupKey, IdOrigin, Verified, WebhookEvent},
    explain::Explanation,
    generic::{HmacAlgorithm, HmacEncoding, HmacScheme},
    rejection::Rejection,
    scheme::Scheme,
    secret::Secret,
    source::Source,
};
pub use integration_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};
