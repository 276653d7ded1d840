//! Reading rows, and turning filters into SQL.

use rusqlite::{Row, types::Value};

use super::known;
use crate::{
    id::EventId,
    limits,
    query::{DeliveryFilter, EventFilter},
};

/// Reads a whole number that is never negative in a sound file; what does not fit is zero.
pub(super) fn int<T: TryFrom<i64> + Default>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    Ok(T::try_from(row.get(column)?).unwrap_or_default())
}

/// Conditions joined by AND, with their values.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    sql: String,
    pub(super) values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition in which `?` stands for the value.
    pub(super) fn add(&mut self, condition: &str, value: impl Into<Value>) {
        self.add_plain(condition);
        self.values.push(value.into());
    }

    /// Adds a condition without a value.
    pub(super) fn add_plain(&mut self, condition: &str) {
        self.sql.push_str(if self.sql.is_empty() {
            " WHERE "
        } else {
            " AND "
        });
        self.sql.push_str(condition);
    }

    /// Returns the WHERE clause, empty if there is no condition.
    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    pub(super) fn events(&mut self, filter: &EventFilter) {
        if let Some(source) = &filter.source {
            self.add("e.source = ?", source.clone());
        }
        if let Some(glob) = &filter.event_type {
            // A bracket begins a class in SQLite's globs, and nothing in ours.
            self.add("e.type GLOB ?", glob.replace('[', "[[]"));
        }
        if let Some(since) = filter.since {
            self.add("e.received_at >= ?", since.0);
        }
        if let Some(until) = filter.until {
            self.add("e.received_at < ?", until.0);
        }
    }

    pub(super) fn deliveries(&mut self, filter: &DeliveryFilter) {
        self.events(&filter.event);
        if let Some(route) = &filter.route {
            self.add(
                "d.route = (SELECT id FROM route WHERE name = ?)",
                route.clone(),
            );
        }
        match filter.states.as_slice() {
            [] => {}
            // One state is written out, so that a partial index can serve it.
            [state] => self.add_plain(&format!("d.state = {}", *state as i64)),
            states => {
                let list: Vec<_> = states.iter().map(|s| (*s as i64).to_string()).collect();
                self.add_plain(&format!("d.state IN ({})", list.join(",")));
            }
        }
        if !filter.deliveries.is_empty() {
            let list: Vec<_> = filter
                .deliveries
                .iter()
                .map(|id| id.0.to_string())
                .collect();
            self.add_plain(&format!("d.seq IN ({})", list.join(",")));
        }
        if !filter.events.is_empty() {
            let list: Vec<_> = filter.events.iter().map(literal).collect();
            let found = known::events_with(&list.join(","));
            self.add_plain(&format!("e.seq IN ({found})"));
        }
    }
}

/// Writes an id as SQL has it.
fn literal(id: &EventId) -> String {
    let digits = id.as_bytes().iter().map(|byte| format!("{byte:02x}"));
    format!("x'{}'", digits.collect::<String>())
}

/// The tables of a delivery with its event, led by the event where its id is given.
pub(super) fn delivery_tables(filter: &DeliveryFilter) -> &'static str {
    if filter.events.is_empty() {
        "delivery d JOIN event e ON e.seq = d.seq >> 8"
    } else {
        "event e CROSS JOIN delivery d ON d.seq BETWEEN e.seq << 8 AND (e.seq << 8) + 255"
    }
}

/// Clips the length of a page.
pub(super) fn page_limit(asked: usize) -> usize {
    asked.clamp(1, limits::MAX_PAGE)
}
