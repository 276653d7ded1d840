//! What the benches measure with: processor time of one thread, allocations, rounds in turns.
//!
//! Other crates that are measured beside ours are dependencies of this package and of no other.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::missing_panics_doc,
    reason = "a bench is a program for people: it prints, and stops at the first surprise"
)]

pub mod bars;
pub mod count;
pub mod machine;
pub mod meter;
pub mod plan;
pub mod row;
pub mod series;
pub mod table;
