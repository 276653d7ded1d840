//! Faults around a service or a transport, the same for the same seed.

mod layer;
mod plan;
#[cfg(feature = "http")]
mod transport;

#[cfg(feature = "http")]
pub use self::transport::FaultTransport;
pub use self::{
    layer::{FaultFuture, FaultLayer, FaultService},
    plan::Fault,
};
