//! `cargo bench -p integration-core [-- --quick]`: core's policies beside other crates.
//!
//! Rows of one table take turns. The figures are processor time of the thread that does the work,
//! and allocations of the same rows in a second process; see docs/BENCHMARKS.md.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench is a program for people: it prints, and stops at the first surprise"
)]

mod contended;
mod fused;
mod policies;
mod server;
mod sse;
mod tables;
mod verdict;
mod wire;

use integration_benches::{bars, count, machine, plan::Plan};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|word| word == server::ROLE) {
        return server::serve();
    }
    // `cargo test --benches` runs this binary too, without `--bench`: it built, that is the test.
    if arguments.iter().any(|word| word == "--bench") {
        run(Plan::of(&arguments));
    }
}

fn run(plan: Plan) {
    println!("machine: {}", machine::describe());
    println!("{plan:?}\n");
    let server = server::Server::spawn();
    let mut tables = tables::all(server.address());
    for table in &mut tables {
        table.measure(plan);
    }
    count::ask(env!("CARGO_BIN_EXE_core-allocations"), &mut tables);
    for table in &tables {
        table.print();
    }
    println!("All peers could be built; versions are those of Cargo.lock.\n");
    bars::print(&verdict::bars(&tables));
}
