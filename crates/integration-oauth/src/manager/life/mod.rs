//! When tokens are used, refreshed and given up: plain state, to which time is told.

mod span;
mod state;

#[cfg(test)]
mod tests;

pub(super) use self::{
    span::{Life, Renewal},
    state::{Cache, Decision, Stage, Until},
};
