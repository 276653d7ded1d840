//! A store in a Redis, 6 or newer, or in what speaks like one.
//!
//! One connection that all calls share, made at the first call and again after it broke. Each
//! operation is one script, so it is atomic, and the clock is that of the server. A Redis Cluster
//! is not supported: a script reads two keys. Memory must not be reclaimed by force
//! (`maxmemory-policy noeviction`): what is thrown away is forgotten.

mod config;
mod connection;
mod fault;
mod store;

pub use self::{config::RedisConfig, store::RedisStore};
