//! What the writer knows between commands: route numbers, and counts not yet written.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension};

use super::known::Recent;
use crate::state::DeliveryState;

/// The counter that counts events instead of deliveries.
const EVENTS: (i64, i64) = (0, 0);

/// What the writer knows of the file beyond the file. Forgotten whenever a batch is rolled back.
#[derive(Debug, Default)]
pub(super) struct Memory {
    numbers: HashMap<Arc<str>, i64>,
    deltas: HashMap<(i64, i64), i64>,
    /// Where the next claim over all routes begins, so that each has its turn.
    pub(super) turn: usize,
    /// Ids on their way into the index; read from the file when first asked for.
    pub(super) recent: Option<Recent>,
    /// SQLite's number for what other connections have written.
    pub(super) version: Option<i64>,
    /// Whether this batch made a delivery ready.
    pub(super) is_ready: bool,
    /// Whether the quota has room; asked once in a batch.
    pub(super) has_room: Option<bool>,
}

/// A command's view of the transaction.
#[derive(Debug)]
pub(super) struct Tx<'a> {
    pub(super) conn: &'a Connection,
    pub(super) memory: &'a mut Memory,
    pub(super) max_pages: Option<u64>,
}

impl Tx<'_> {
    /// Returns the number of a route, which is given one if it has none.
    pub(super) fn route_number(&mut self, name: &Arc<str>) -> rusqlite::Result<i64> {
        if let Some(number) = self.memory.numbers.get(name) {
            return Ok(*number);
        }
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO route (name) VALUES (?1) ON CONFLICT DO UPDATE SET name = name RETURNING id",
        )?;
        let number = insert.query_row([&**name], |row| row.get(0))?;
        self.remember(name.clone(), number);
        Ok(number)
    }

    /// Returns the number of a route if it has one.
    pub(super) fn known_route(&mut self, name: &Arc<str>) -> rusqlite::Result<Option<i64>> {
        if let Some(number) = self.memory.numbers.get(name) {
            return Ok(Some(*number));
        }
        let mut select = self
            .conn
            .prepare_cached("SELECT id FROM route WHERE name = ?1")?;
        let number = select.query_row([&**name], |row| row.get(0)).optional()?;
        if let Some(number) = number {
            self.remember(name.clone(), number);
        }
        Ok(number)
    }

    fn remember(&mut self, name: Arc<str>, number: i64) {
        self.memory.numbers.insert(name, number);
    }

    /// Counts deliveries in or out of a state.
    pub(super) fn count(&mut self, route: i64, state: DeliveryState, by: i64) {
        *self.memory.deltas.entry((route, state as i64)).or_default() += by;
        self.memory.is_ready |= state == DeliveryState::Ready && by > 0;
    }

    /// Counts a delivery from one state to another.
    pub(super) fn moved(&mut self, route: i64, from: DeliveryState, to: DeliveryState) {
        self.count(route, from, -1);
        self.count(route, to, 1);
    }

    /// Counts events.
    pub(super) fn count_events(&mut self, by: i64) {
        *self.memory.deltas.entry(EVENTS).or_default() += by;
    }
}

/// Writes the counts down; the last thing before the commit.
pub(super) fn flush(conn: &Connection, memory: &mut Memory) -> rusqlite::Result<()> {
    let mut add = conn.prepare_cached(
        "INSERT INTO counter (route, state, n) VALUES (?1, ?2, ?3)
         ON CONFLICT (route, state) DO UPDATE SET n = n + excluded.n",
    )?;
    for ((route, state), by) in memory.deltas.drain() {
        if by != 0 {
            add.execute((route, state, by))?;
        }
    }
    Ok(())
}
