//! The store in a real Redis: one that is running, and private ones that are stopped and started.

mod decisions;
mod failures;
mod processes;
mod server;
