//! The program, run as a process.
#![expect(clippy::unwrap_used, reason = "test code")]

mod cli;
mod send;
mod verify;
