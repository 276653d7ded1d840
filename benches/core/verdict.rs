//! The bars of integration-core.

use integration_benches::{bars::Bar, table::Table};

use crate::{fused, policies, sse, wire};

pub(crate) fn bars(tables: &[Table]) -> Vec<Bar> {
    let table_with = |row: &str| {
        let has = |table: &&Table| table.rows.iter().any(|found| found.name == row);
        tables.iter().find(has).expect("a table has it")
    };
    let figure = |row: &str| table_with(row).figure(row);
    let fused = table_with(fused::OURS).row(fused::OURS);
    let slowest = policies::BREAKERS
        .map(figure)
        .into_iter()
        .max_by(|one, other| one.median().total_cmp(&other.median()));
    let title = wire::title(wire::MANY);
    let many = tables.iter().find(|table| table.title == title);
    let many = many.expect("it is measured");
    let more = many.figure(wire::OURS).minus(&many.figure(wire::BARE));
    let allocations = |row| many.row(row).allocations;
    let common = tables.iter().find(|table| table.title == sse::COMMON);
    let common = common.expect("it is measured");
    vec![
        Bar::at_most("fused happy path, ns", figure(fused::OURS), 150.0),
        Bar::at_most("fused happy path, allocations", fused.allocations, 0.0),
        Bar::at_most(
            "breaker, whatever its window and history, ns",
            slowest.unwrap_or_default(),
            40.0,
        ),
        Bar::at_most("limiter, ns", figure(policies::LIMIT), 12.0),
        Bar::at_most("limiter, 64 keys, ns", figure(policies::KEYED_LIMIT), 35.0),
        Bar::at_most("HTTP over bare reqwest, 64 in flight, µs", more, 0.6),
        Bar::at_most(
            "HTTP over bare reqwest, 64 in flight, allocations",
            allocations(wire::OURS) - allocations(wire::BARE),
            3.0,
        ),
        Bar::at_least(
            "event stream of 317 B, 16 KiB chunks, MB per CPU second",
            common.figure(&sse::row(sse::OURS, sse::LARGE)),
            3_000.0,
        ),
    ]
}
