#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "test code: a broken assumption ends the test that made it"
)]

pub mod client;
pub mod config;
pub mod destination;
pub mod gateway;
pub mod github;
pub mod oidc;
pub mod peers;
pub mod process;
pub mod sender;
pub mod wait;
