#![doc = include_str!("../README.md")]

mod canary;
mod clock;
mod recorder;
mod refusing;
mod rng;
mod server;

pub use crate::{
    canary::Canary,
    clock::TestClock,
    recorder::Recorder,
    refusing::RefusingPort,
    rng::FixedRng,
    server::{Received, Reply, ScriptedServer},
};
pub use integration_core::SeededRng;
