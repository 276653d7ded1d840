//! What tests of the manager stand on: a clock that jumps, an authorization server that rotates
//! and notices reuse, a store that fails, and several processes that share them.

mod clock;
mod server;
mod store;
mod world;

pub(crate) use self::{
    clock::SimClock,
    server::{Answer, SimServer},
    store::{Fault, FaultyStore},
    world::{Process, World},
};
