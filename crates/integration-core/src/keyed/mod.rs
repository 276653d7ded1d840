//! One set of policies per key, in a map that cannot grow without end.
//!
//! A [`Keyed`] creates what a key needs at its first use, forgets keys that were idle, and never
//! holds more than its capacity. When all places are taken by keys in use, further keys share one
//! value: they are limited together rather than not at all, and memory stays bounded.
//!
//! The first keys keep their places for good, up to an eighth of the capacity and at most 128 of
//! them: they are found without a lock and without any write to shared memory, whatever the number
//! of threads. A client of a few hosts has all its keys there.
//!
//! # When not to use it
//!
//! Not with keys that a stranger can choose freely (a path, a header): they would push each other
//! out. Not for one fixed key; hold the value itself.

mod config;
mod front;
mod map;

#[cfg(test)]
mod tests;

pub use self::{config::KeyedConfig, map::Keyed};
