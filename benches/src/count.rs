//! Allocations of an operation, counted in a process of its own.
//!
//! Every allocation pays for being counted, which would make crates that allocate look slower than
//! they are. So the bench times the rows under the system's allocator, and a second program runs
//! the same rows under a counting one and tells what it saw.

use std::{
    alloc::GlobalAlloc,
    process::{Command, Stdio},
};

use stats_alloc::{Region, StatsAlloc};

use crate::{row::Row, table::Table};

/// Operations that are counted, after as many that are not.
const OPERATIONS: u64 = 100 * Row::GRAIN;

/// Counts the rows of all tables and prints a line each: what the counting program does.
pub fn tell<A: GlobalAlloc>(allocator: &StatsAlloc<A>, tables: Vec<Table>) {
    for mut table in tables {
        for row in &mut table.rows {
            let mut seen = 0;
            row.run(OPERATIONS, |run| {
                let region = Region::new(allocator);
                run();
                let change = region.change();
                seen = change.allocations + change.reallocations;
            });
            let each = seen as f64 / OPERATIONS as f64;
            println!("{}\t{}\t{each}", table.title, row.name);
        }
    }
}

/// Starts the counting program and puts what it tells into the rows.
pub fn ask(program: &str, tables: &mut [Table]) {
    let told = Command::new(program)
        .stderr(Stdio::inherit())
        .output()
        .expect("the counting program starts");
    assert!(told.status.success(), "the counting program failed");
    let told = String::from_utf8(told.stdout).expect("text");
    for table in tables {
        for row in &mut table.rows {
            let start = format!("{}\t{}\t", table.title, row.name);
            let figure = told.lines().find_map(|line| line.strip_prefix(&start));
            let figure = figure.unwrap_or_else(|| panic!("not counted: {start}"));
            row.allocations = figure.parse().expect("a number");
        }
    }
}
