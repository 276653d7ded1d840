//! The gateway as a process: real payloads, official peers, crashes, full disks, overload.
//!
//! Every test starts its own gateway and destination on free loopback ports and has a bound on
//! everything it waits for.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "test code outside of #[test] functions: helpers of the tests, which say what they skip"
)]

mod crash;
mod dead_letters;
mod disk_full;
mod github;
mod leaks;
mod load;
mod oauth_flows;
mod oauth_logins;
mod order;
mod overload;
mod peers;
mod routes;
mod shutdown;
mod soak;
mod stripe;
mod stripe_peers;
