//! Rows that are compared with each other, and so take turns.

use crate::{plan::Plan, row::Row, series::Series};

/// A table of one unit.
#[derive(Debug)]
pub struct Table {
    /// What its rows have in common; unique.
    pub title: &'static str,
    /// In the order in which they are measured and printed.
    pub rows: Vec<Row>,
    unit: Unit,
    /// Whether the wall clock is shown too.
    wall: bool,
}

/// What an operation is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// For what takes less than a microsecond.
    Nanos,
    /// For calls over a socket; their turns are longer.
    Micros,
    /// For what takes bytes in: megabytes a second of processor time, so more is better.
    Throughput {
        /// Bytes of one operation.
        bytes: u32,
    },
}

impl Table {
    /// Creates a table without rows.
    #[must_use]
    pub fn new(title: &'static str, unit: Unit) -> Self {
        Self {
            title,
            rows: Vec::new(),
            unit,
            wall: false,
        }
    }

    /// Shows the wall clock too, where threads wait for each other.
    #[must_use]
    pub fn with_wall(mut self) -> Self {
        self.wall = true;
        self
    }

    /// Adds a row.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Measures all rows in turns, because a shared machine changes from one second to the next.
    pub fn measure(&mut self, plan: Plan) {
        let turn = match self.unit {
            Unit::Micros => plan.turn * 5,
            Unit::Nanos | Unit::Throughput { .. } => plan.turn,
        };
        for row in &mut self.rows {
            row.calibrate(turn);
        }
        for _ in 0..plan.rounds {
            for row in &mut self.rows {
                row.measure();
            }
        }
    }

    /// Returns the row of this name.
    #[must_use]
    pub fn row(&self, name: &str) -> &Row {
        let found = self.rows.iter().find(|row| row.name == name);
        found.unwrap_or_else(|| panic!("{} has no row {name}", self.title))
    }

    /// Returns the figure of a row, in the unit of the table.
    #[must_use]
    pub fn figure(&self, name: &str) -> Series {
        self.in_unit(&self.row(name).nanos)
    }

    /// Prints it as Markdown.
    pub fn print(&self) {
        let (unit, wall) = match self.unit {
            Unit::Nanos => ("CPU ns", "| wall ns "),
            Unit::Micros => ("CPU µs", "| wall µs "),
            Unit::Throughput { .. } => ("MB per CPU second", "| MB per second "),
        };
        let (wall, rule) = match self.wall {
            true => (wall, "|---"),
            false => ("", ""),
        };
        println!("| {} | {unit} {wall}| allocations |", self.title);
        println!("|---|---{rule}|---|");
        for row in &self.rows {
            let cost = self.in_unit(&row.nanos);
            let wall = match self.wall {
                true => format!("| {} ", self.in_unit(&row.wall)),
                false => String::new(),
            };
            println!("| {} | {cost} {wall}| {:.1} |", row.name, row.allocations);
        }
        println!();
    }

    fn in_unit(&self, nanos: &Series) -> Series {
        match self.unit {
            Unit::Nanos => nanos.clone(),
            Unit::Micros => nanos.scaled(1e-3),
            Unit::Throughput { bytes } => nanos.under(1e3 * f64::from(bytes)),
        }
    }
}
