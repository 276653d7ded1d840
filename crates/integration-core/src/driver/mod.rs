//! One call from its deadline to its result: the order of all policies, in one place.
//!
//! [`CallState`] decides and never waits; [`Drive`] waits and never decides. Both the tower layer
//! and the HTTP client are an [`Operation`] on them, so there is no second order to get wrong:
//!
//! deadline > bulkhead > retry with budget > each attempt, and a hedge beside it: pause > breaker
//! peek > rate limit (or that of the fleet) > adaptive limit > breaker commit > attempt timeout > the
//! operation > classify > settle.
//!
//! A hedge is a second copy of an attempt that is slow. It passes every gate, is booked in the retry
//! budget and has an attempt timeout, each on its own. It never waits: where a gate is shut there is
//! no hedge.

mod admit;
mod attempt;
mod call;
mod current;
mod fleet;
mod future;
mod hedge;
mod limits;
mod nested;
mod operation;
mod retry;
mod shared;
mod trouble;

#[cfg(feature = "http")]
pub(crate) use self::{call::Held, limits::Overrides};
pub(crate) use self::{
    call::{BodyReplay, CallOptions, CallState},
    future::Drive,
    operation::{AttemptContext, Operation, Report},
    shared::{Policies, Shared},
};
