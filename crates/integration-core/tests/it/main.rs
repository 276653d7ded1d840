//! The client and the layer on a real server of the loopback, and what their types promise.
#![expect(clippy::unwrap_used, reason = "test code")]

#[cfg(feature = "http")]
mod adaptive;
#[cfg(feature = "http")]
mod bad_input;
#[cfg(feature = "http")]
mod bodies;
#[cfg(feature = "http")]
mod body;
#[cfg(feature = "cache")]
mod cache;
#[cfg(feature = "http")]
mod coalesce;
mod conformance;
#[cfg(feature = "http")]
mod corpus;
#[cfg(feature = "http")]
mod credentials;
#[cfg(feature = "http")]
mod deadline;
#[cfg(all(feature = "cache", feature = "redis"))]
mod docs;
#[cfg(feature = "http")]
mod fleet;
#[cfg(feature = "http")]
mod hedging;
#[cfg(feature = "http")]
mod hints;
#[cfg(feature = "http")]
mod identity;
#[cfg(all(feature = "http", feature = "metrics"))]
mod observe;
#[cfg(feature = "http")]
mod options;
#[cfg(feature = "http")]
mod outage;
#[cfg(feature = "http")]
mod probes;
#[cfg(feature = "http")]
mod proxy;
#[cfg(feature = "http")]
mod quotas;
#[cfg(feature = "http")]
mod repeat;
#[cfg(feature = "http")]
mod secrets;
#[cfg(feature = "http")]
mod service;
#[cfg(feature = "settings")]
mod settings;
#[cfg(feature = "redis")]
mod shared_store;
#[cfg(feature = "http")]
mod streams;
#[cfg(feature = "http")]
mod support;
#[cfg(feature = "http")]
mod tls;
#[cfg(feature = "http")]
mod troubleshooting;
mod types;
#[cfg(feature = "http")]
mod wire;
