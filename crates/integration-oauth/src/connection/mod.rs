//! A connection: the right of a tenant to act at a provider, which outlives every single token.

mod key;
mod state;

pub use self::{
    key::ConnectionKey,
    state::{ConnectionState, ReauthReason},
};
