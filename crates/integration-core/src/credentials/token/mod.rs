//! Tokens that expire: fetched once for all, early, and again when a server refuses one.

mod cached;
mod config;
mod flight;
mod source;
mod state;

#[cfg(test)]
mod tests;

pub use self::{
    cached::CachedToken,
    config::TokenConfig,
    source::{Expiry, Token, TokenSource},
    state::{Decision, Moment, Settled, TokenState},
};
