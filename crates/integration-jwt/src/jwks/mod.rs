//! Keys of an issuer, fetched and kept up to date.
//!
//! A token whose key id is unknown may announce a rotation, or be junk. So it may cause a fetch, but
//! fetches are paced whatever the tokens say: [`pace`] has the numbers.

mod absent;
mod cache;
mod config;
mod discovery;
mod fetch;
mod pace;

pub use self::{cache::JwksCache, config::JwksConfig};
