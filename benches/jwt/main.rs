//! `cargo bench -p integration-benches --bench jwt [-- --quick]`: a whole check of a token, signature
//! and claims, beside jsonwebtoken on the same backend with the same tokens.
//!
//! The figures are processor time of one thread.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench is a program for people: it prints, and stops at the first surprise"
)]

mod rows;
mod tokens;

use integration_benches::{
    bars::{self, Bar},
    machine,
    plan::Plan,
    table::{Table, Unit},
};

use crate::rows::OURS;

/// CPU microseconds of a check at most.
const BARS: [(&str, f64); 3] = [("RS256", 14.0), ("ES256", 34.0), ("EdDSA", 24.0)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs this binary too, without `--bench`: it built, that is the test.
    if arguments.iter().any(|word| word == "--bench") {
        run(Plan::of(&arguments));
    }
}

fn run(plan: Plan) {
    println!("machine: {}", machine::describe());
    println!("{plan:?}\n");
    let mut table = Table::new("a token checked, claims included", Unit::Micros);
    for signed in tokens::all() {
        table.add(rows::ours(&signed));
        table.add(rows::peer(&signed));
        table.add(rows::floor(signed));
    }
    table.measure(plan);
    println!("| {} | CPU µs |\n|---|---|", table.title);
    for row in &table.rows {
        println!("| {} | {} |", row.name, table.figure(&row.name));
    }
    println!();
    let bar = |(algorithm, most)| {
        let figure = table.figure(&rows::name(algorithm, OURS));
        Bar::at_most(algorithm, figure, most)
    };
    bars::print(&BARS.map(bar));
}
