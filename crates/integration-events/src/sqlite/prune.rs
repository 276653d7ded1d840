//! Retention: finished deliveries go, then the event is emptied, and much later its row goes.
//!
//! Space that becomes free is used again by what comes next; the file does not shrink. A file that
//! gave pages back would have to keep a map of all of them, and would ask for them again an hour
//! later.

use rusqlite::{OptionalExtension, params_from_iter, types::Value};

use super::{counts::Tx, failure::Work, known};
use crate::{
    id::{EventId, UnixMillis},
    limits,
    retention::RetentionPolicy,
    state::DeliveryState,
};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Finished deliveries that are old enough.
    Deliveries,
    /// Events that never went anywhere; each is looked at once, as a mark is kept.
    Unrouted,
    /// Rows of emptied events.
    Keys,
    /// Nothing more.
    Over,
}

/// How far retention has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep {
    pub(super) stage: Stage,
    pub(super) after: Option<i64>,
    pub(super) count: u64,
}

impl Sweep {
    pub(super) const START: Self = Self {
        stage: Stage::Deliveries,
        after: None,
        count: 0,
    };

    fn advance(mut self, last: Option<i64>, next: Stage) -> Self {
        self.after = last;
        if last.is_none() {
            self.stage = next;
        }
        self
    }
}

/// Works off one chunk.
pub(super) fn step(
    tx: &mut Tx<'_>,
    policy: &RetentionPolicy,
    now: UnixMillis,
    sweep: Sweep,
) -> Work<Sweep> {
    Ok(match sweep.stage {
        Stage::Deliveries => deliveries(tx, policy, now, sweep)?,
        Stage::Unrouted => unrouted(tx, now.minus(policy.done), sweep)?,
        Stage::Keys => keys(tx, now.minus(policy.keys), sweep)?,
        Stage::Over => sweep,
    })
}

fn deliveries(
    tx: &mut Tx<'_>,
    policy: &RetentionPolicy,
    now: UnixMillis,
    mut sweep: Sweep,
) -> rusqlite::Result<Sweep> {
    let youngest = now.minus(policy.done.min(policy.dead));
    let mut select = tx.conn.prepare_cached(
        "SELECT d.seq, d.route, d.state, d.at, e.received_at
         FROM delivery d JOIN event e ON e.seq = d.seq >> 8
         WHERE d.seq > ?1 ORDER BY d.seq LIMIT ?2",
    )?;
    let rows = select.query_map((sweep.after.unwrap_or(-1), chunk()), |row| row.try_into())?;
    let rows = rows.collect::<rusqlite::Result<Vec<(i64, i64, u8, i64, i64)>>>()?;
    drop(select);
    let mut last = None;
    for (seq, route, state, at, received_at) in &rows {
        if *received_at > youngest.0 {
            return Ok(sweep.advance(None, Stage::Unrouted));
        }
        last = Some(*seq);
        let kept = match DeliveryState::ALL.get(usize::from(*state)) {
            Some(DeliveryState::Dead) => policy.dead,
            Some(state) if state.is_finished() => policy.done,
            _ => continue,
        };
        if *at <= now.minus(kept).0 {
            sweep.count += u64::from(remove(tx, *seq, *route, *state)?);
        }
    }
    Ok(sweep.advance(last, Stage::Unrouted))
}

/// Removes a delivery; returns whether it was the last of its event, which is emptied then.
fn remove(tx: &mut Tx<'_>, seq: i64, route: i64, state: u8) -> rusqlite::Result<bool> {
    let mut attempts = tx
        .conn
        .prepare_cached("DELETE FROM attempt WHERE delivery = ?1")?;
    attempts.execute([seq])?;
    let mut delivery = tx
        .conn
        .prepare_cached("DELETE FROM delivery WHERE seq = ?1")?;
    delivery.execute([seq])?;
    if let Some(state) = DeliveryState::ALL.get(usize::from(state)) {
        tx.count(route, *state, -1);
    }
    empty(tx, seq >> 8)
}

/// Empties an event that has no delivery left; returns whether it did.
///
/// Its row goes and a small one comes: a row that becomes small where it is keeps its page, and no
/// other row ever moves in, as those to come have higher numbers.
fn empty(tx: &Tx<'_>, event: i64) -> rusqlite::Result<bool> {
    let mut delete = tx.conn.prepare_cached(
        "DELETE FROM event WHERE seq = ?1 AND emptied = 0
         AND NOT EXISTS (SELECT 1 FROM delivery WHERE seq BETWEEN ?1 << 8 AND (?1 << 8) + 255)
         RETURNING seq, id, source, provider_id, id_signed, type, occurred_at, received_at,
             dup_count, body_len",
    )?;
    let kept = delete.query_row([event], |row| {
        let values = (0..10).map(|place| row.get(place));
        values.collect::<rusqlite::Result<Vec<Value>>>()
    });
    let Some(kept) = kept.optional()? else {
        return Ok(false);
    };
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO event (seq, id, source, provider_id, id_signed, type, occurred_at, received_at,
             dup_count, body_len, emptied, headers, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, x'', x'')",
    )?;
    insert.execute(params_from_iter(kept))?;
    Ok(true)
}

fn unrouted(tx: &Tx<'_>, youngest: UnixMillis, mut sweep: Sweep) -> rusqlite::Result<Sweep> {
    let mut mark = tx
        .conn
        .prepare_cached("SELECT seq FROM mark WHERE name = 'unrouted'")?;
    let after = mark
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let old = older(tx, after, youngest)?;
    for (seq, _) in &old {
        sweep.count += u64::from(empty(tx, *seq)?);
    }
    let last = old.last().map(|(seq, _)| *seq);
    if let Some(seq) = last {
        let mut keep = tx
            .conn
            .prepare_cached("INSERT OR REPLACE INTO mark (name, seq) VALUES ('unrouted', ?1)")?;
        keep.execute([seq])?;
    }
    Ok(sweep.advance(last, Stage::Keys))
}

fn keys(tx: &mut Tx<'_>, youngest: UnixMillis, mut sweep: Sweep) -> rusqlite::Result<Sweep> {
    let after = sweep.after.unwrap_or(0);
    let old = older(tx, after, youngest)?;
    let mut delete = tx
        .conn
        .prepare_cached("DELETE FROM event WHERE seq = ?1 RETURNING id")?;
    for (seq, _) in old.iter().filter(|(_, is_emptied)| *is_emptied) {
        let id = delete.query_row([seq], |row| row.get(0).map(EventId::from_bytes))?;
        known::forget(tx, id)?;
        tx.count_events(-1);
        sweep.count += 1;
    }
    Ok(sweep.advance(old.last().map(|(seq, _)| *seq), Stage::Over))
}

/// Returns the next events up to the first that is too young, and whether each is emptied.
fn older(tx: &Tx<'_>, after: i64, youngest: UnixMillis) -> rusqlite::Result<Vec<(i64, bool)>> {
    let mut select = tx.conn.prepare_cached(
        "SELECT seq, emptied, received_at FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let rows = select.query_map((after, chunk()), |row| row.try_into())?;
    let rows = rows.collect::<rusqlite::Result<Vec<(i64, bool, i64)>>>()?;
    let is_old = |row: &(i64, bool, i64)| row.2 <= youngest.0;
    Ok(rows
        .into_iter()
        .take_while(is_old)
        .map(|row| (row.0, row.1))
        .collect())
}

fn chunk() -> i64 {
    i64::try_from(limits::CHUNK).unwrap_or(i64::MAX)
}
