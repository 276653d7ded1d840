//! The rows of the bench `core` under a counting allocator; started by that bench.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench is a program for people: it stops at the first surprise"
)]

mod contended;
mod fused;
mod policies;
mod server;
mod sse;
mod tables;
mod wire;

use std::alloc::System;

use integration_benches::count;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    if std::env::args().any(|word| word == server::ROLE) {
        return server::serve();
    }
    let server = server::Server::spawn();
    count::tell(ALLOCATOR, tables::all(server.address()));
}
