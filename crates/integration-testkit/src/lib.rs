#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod canary;
#[cfg(feature = "record")]
pub mod cassette;
mod clock;
mod fault;
#[cfg(feature = "leaks")]
pub mod leaks;
#[cfg(feature = "mocks")]
pub mod mocks;
#[cfg(feature = "oauth")]
pub mod oauth;
mod recorder;
mod refusing;
mod rng;
mod server;
#[cfg(feature = "stripe")]
pub mod stripe;

#[cfg(feature = "http")]
pub use crate::fault::FaultTransport;
pub use crate::{
    canary::Canary,
    clock::{ManualClock, TestClock},
    fault::{Fault, FaultFuture, FaultLayer, FaultService},
    recorder::Recorder,
    refusing::RefusingPort,
    rng::FixedRng,
    server::{Received, Reply, ScriptedServer},
};
pub use integration_core::SeededRng;
