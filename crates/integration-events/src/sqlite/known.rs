//! The index of ids, which is filled a little later than the events are stored.
//!
//! Ids are hashes, so in an index kept up event by event each one dirties a page of its own; that
//! was two thirds of what storing an event cost. Instead the latest ids are held in memory, in
//! their order, and a hand goes round over them like that of a clock: whenever enough have come
//! in, as many move into the index, neighbours together, which share pages.
//!
//! Nothing depends on that memory. The index is complete up to the event that the mark `indexed`
//! names, and the ids of all later events are read back from their rows.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

use super::counts::{Memory, Tx};
use crate::id::EventId;

/// Ids held in memory; a crash costs reading the rows of about twice as many events.
const HELD: usize = 65_536;

/// Ids that move at once.
const MOVED: usize = 256;

/// The ids that may not be in the index yet.
#[derive(Debug)]
pub(super) struct Recent {
    held: BTreeMap<EventId, i64>,
    /// Where the hand is: ids before it were moved in this lap.
    hand: EventId,
    /// The latest event when this lap began: at the end of the lap all up to it are in the index.
    lap: i64,
    /// The latest event.
    last: i64,
}

const START: EventId = EventId::from_bytes([0; 16]);

/// Returns the event with this id.
pub(super) fn find(tx: &mut Tx<'_>, id: EventId) -> rusqlite::Result<Option<i64>> {
    let recent = loaded(tx.conn, tx.memory)?;
    if let Some(seq) = recent.held.get(&id) {
        return Ok(Some(*seq));
    }
    let mut select = tx
        .conn
        .prepare_cached("SELECT seq FROM known WHERE id = ?1")?;
    select
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()
}

/// Takes in the id of an event that is about to be stored, and returns the number for its row.
///
/// Numbers only grow, also when the latest rows were removed: marks compare with them.
pub(super) fn hold(tx: &mut Tx<'_>, id: EventId) -> rusqlite::Result<i64> {
    let recent = loaded(tx.conn, tx.memory)?;
    recent.last += 1;
    recent.held.insert(id, recent.last);
    Ok(recent.last)
}

/// Forgets the id of an event that is removed.
pub(super) fn forget(tx: &mut Tx<'_>, id: EventId) -> rusqlite::Result<()> {
    if let Some(recent) = &mut tx.memory.recent {
        recent.held.remove(&id);
    }
    let mut delete = tx.conn.prepare_cached("DELETE FROM known WHERE id = ?1")?;
    delete.execute([id.as_bytes()]).map(drop)
}

/// Moves ids into the index if more are held than should be; part of every batch.
pub(super) fn flush(conn: &Connection, memory: &mut Memory) -> rusqlite::Result<()> {
    match &mut memory.recent {
        Some(recent) if recent.held.len() >= HELD + MOVED => recent.shrink(conn, HELD),
        _ => Ok(()),
    }
}

/// Moves all, so that the next start has nothing to read back.
pub(super) fn close(conn: &Connection, memory: &mut Memory) -> rusqlite::Result<()> {
    let Some(recent) = &mut memory.recent else {
        return Ok(());
    };
    recent.shrink(conn, 0)?;
    mark(conn, recent.last)
}

/// The events with ids from a list such as `x'00', x'01'`.
pub(super) fn events_with(ids: &str) -> String {
    format!(
        "SELECT seq FROM known WHERE id IN ({ids})
         UNION SELECT seq FROM event WHERE id IN ({ids})
             AND seq > coalesce((SELECT seq FROM mark WHERE name = 'indexed'), 0)"
    )
}

fn loaded<'a>(conn: &Connection, memory: &'a mut Memory) -> rusqlite::Result<&'a mut Recent> {
    let recent = match memory.recent.take() {
        Some(recent) => recent,
        None => Recent::load(conn)?,
    };
    Ok(memory.recent.insert(recent))
}

impl Recent {
    fn load(conn: &Connection) -> rusqlite::Result<Self> {
        let mut select = conn.prepare_cached(
            "SELECT id, seq FROM event
             WHERE seq > coalesce((SELECT seq FROM mark WHERE name = 'indexed'), 0)",
        )?;
        let rows = select.query_map([], |row| {
            Ok((EventId::from_bytes(row.get(0)?), row.get(1)?))
        })?;
        let held: BTreeMap<EventId, i64> = rows.collect::<rusqlite::Result<_>>()?;
        let last: i64 = conn.query_row(
            "SELECT max(coalesce((SELECT max(seq) FROM event), 0),
                 coalesce((SELECT max(seq) FROM mark), 0))",
            [],
            |row| row.get(0),
        )?;
        Ok(Self {
            held,
            hand: START,
            lap: last,
            last,
        })
    }

    fn shrink(&mut self, conn: &Connection, to: usize) -> rusqlite::Result<()> {
        // After a crash some of what was read back is in the index already.
        let mut insert =
            conn.prepare_cached("INSERT OR IGNORE INTO known (id, seq) VALUES (?1, ?2)")?;
        while self.held.len() > to {
            let next = self.held.range(self.hand..).next();
            let Some((id, seq)) = next.map(|(id, seq)| (*id, *seq)) else {
                mark(conn, self.lap)?;
                (self.hand, self.lap) = (START, self.last);
                continue;
            };
            insert.execute((id.as_bytes(), seq))?;
            self.held.remove(&id);
            self.hand = id;
        }
        Ok(())
    }
}

fn mark(conn: &Connection, seq: i64) -> rusqlite::Result<()> {
    let mut keep =
        conn.prepare_cached("INSERT OR REPLACE INTO mark (name, seq) VALUES ('indexed', ?1)")?;
    keep.execute([seq]).map(drop)
}
