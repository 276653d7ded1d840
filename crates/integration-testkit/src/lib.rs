#![doc = include_str!("../README.md")]

mod canary;
mod clock;
mod fault;
mod recorder;
mod refusing;
mod rng;
mod server;

pub use crate::{
    canary::Canary,
    clock::TestClock,
    fault::{Fault, FaultFuture, FaultLayer, FaultService},
    recorder::Recorder,
    refusing::RefusingPort,
    rng::FixedRng,
    server::{Received, Reply, ScriptedServer},
};
pub use integration_core::SeededRng;
