//! A scripted HTTP service on a real socket of the loopback.
//!
//! Use it where the wire matters: timeouts, resets, stalled bodies, connection reuse. Where only
//! the meaning of an answer matters, a fake transport is smaller. It needs real time: a test on
//! paused time would run away from its sockets.

mod body;
mod payload;
mod reply;
mod run;
mod wire;

pub use self::{
    reply::Reply,
    run::{Received, ScriptedServer},
};
