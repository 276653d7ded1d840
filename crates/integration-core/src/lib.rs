#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backoff;
pub mod clock;
pub mod config;
pub mod error;
#[cfg(feature = "http")]
pub mod http;
pub mod redact;
pub mod rng;

pub use crate::{
    backoff::{Backoff, Jitter},
    clock::{Clock, SharedClock, SystemClock},
    config::EnvVar,
    error::{Attempt, Delivery, Error, ErrorKind, GaveUp, Result, Retriability},
    rng::{FastRng, Rng, SeededRng},
};
pub use secrecy::{ExposeSecret, SecretString};
