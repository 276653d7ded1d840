//! The program, run as a process.
#![expect(clippy::unwrap_used, reason = "test code")]

mod cli;
mod demo;
mod send;
mod verify;
