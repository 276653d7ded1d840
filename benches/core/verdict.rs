//! The bars of integration-core.

use integration_benches::{bars::Bar, table::Table};

use crate::{fused, policies, wire};

pub(crate) fn bars(tables: &[Table]) -> Vec<Bar> {
    let table_with = |row: &str| {
        let has = |table: &&Table| table.rows.iter().any(|found| found.name == row);
        tables.iter().find(has).expect("a table has it")
    };
    let cost = |row: &str| table_with(row).cost(row);
    let fused = table_with(fused::OURS).row(fused::OURS);
    let slowest = policies::BREAKERS
        .map(cost)
        .into_iter()
        .max_by(|one, other| one.median().total_cmp(&other.median()));
    let title = wire::title(wire::MANY);
    let many = tables.iter().find(|table| table.title == title);
    let many = many.expect("it is measured");
    let more = many.cost(wire::OURS).minus(&many.cost(wire::BARE));
    let allocations = |row| many.row(row).allocations;
    vec![
        Bar::new("fused happy path, ns", cost(fused::OURS), 150.0),
        Bar::new("fused happy path, allocations", fused.allocations, 0.0),
        Bar::new(
            "breaker, whatever its window and history, ns",
            slowest.unwrap_or_default(),
            40.0,
        ),
        Bar::new("limiter, ns", cost(policies::LIMIT), 12.0),
        Bar::new("limiter, 64 keys, ns", cost(policies::KEYED_LIMIT), 35.0),
        Bar::new("HTTP over bare reqwest, 64 in flight, µs", more, 0.6),
        Bar::new(
            "HTTP over bare reqwest, 64 in flight, allocations",
            allocations(wire::OURS) - allocations(wire::BARE),
            3.0,
        ),
    ]
}
