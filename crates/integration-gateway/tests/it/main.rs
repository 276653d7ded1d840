//! The program, run as a process.
#![expect(clippy::unwrap_used, reason = "test code")]
#![expect(
    clippy::disallowed_methods,
    reason = "the program runs as a process, on the clock of the machine"
)]

mod admin;
mod bad_requests;
mod cli;
mod delivery;
mod demo;
mod send;
mod served;
mod startup;
mod verify;
