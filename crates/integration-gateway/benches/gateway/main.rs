//! `cargo bench -p integration-gateway [-- --quick]`: the gateway against bare axum, in one run.
//!
//! This process is the load generator, on one thread. The servers are its children, so that their
//! processor time and memory can be read apart from ours. The variants take turns over several
//! rounds, because a shared machine changes from one second to the next; the table has medians
//! with the extremes, and the verdict is on ratios of figures from the same run.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench is a program for people: it prints, and stops at the first surprise"
)]

mod bars;
mod child;
mod journey;
mod load;
mod machine;
mod requests;
mod servers;
mod setup;
mod slow_fsync;
mod stats;
mod suite;
mod wire;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = arguments
        .iter()
        .find_map(|word| word.strip_prefix("--serve="))
    {
        return servers::serve(role);
    }
    // `cargo test --benches` runs this binary too, without `--bench`: it built, that is the test.
    if arguments.iter().any(|word| word == "--bench") {
        let quick = arguments.iter().any(|word| word == "--quick");
        suite::run(&if quick { suite::QUICK } else { suite::FULL });
    }
}
