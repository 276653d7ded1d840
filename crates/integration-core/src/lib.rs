#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(feature = "http", not(any(feature = "ring", feature = "aws-lc-rs"))))]
compile_error!(
    "feature `http` of integration-core needs one of its features `ring` and `aws-lc-rs`"
);

pub mod clock;
pub mod config;
pub mod error;
pub mod redact;
pub mod rng;
mod sync;

pub mod adaptive;
pub mod admission;
pub mod backoff;
pub mod bulkhead;
pub mod circuit_breaker;
pub mod hedge;
pub mod hint;
pub mod keyed;
pub mod pause;
pub mod quota;
pub mod rate_limit;
pub mod retry_budget;
pub mod shared_store;

pub mod classify;
mod driver;
pub mod fallback;
pub mod health;
pub mod layer;
pub mod observe;
pub mod observer;
pub mod resilience;
pub mod retry;
pub mod timeout;

pub mod page;

#[cfg(feature = "http")]
pub mod credentials;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "settings")]
pub mod settings;
#[cfg(feature = "http")]
pub mod sse;

pub use crate::{
    backoff::{Backoff, Jitter},
    clock::{Clock, SharedClock, SystemClock},
    config::EnvVar,
    error::{Attempt, Delivery, Error, ErrorKind, GaveUp, Health, Result, Retriability},
    rng::{FastRng, Rng, SeededRng},
};
pub use secrecy::{ExposeSecret, SecretString};
