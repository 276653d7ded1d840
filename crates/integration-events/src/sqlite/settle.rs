//! Writes down how attempts ended.

use rusqlite::OptionalExtension;

use super::{counts::Tx, failure::Work, order};
use crate::{
    id::UnixMillis,
    limits,
    state::DeliveryState::{self, Dead, Done, Leased, Ready},
    store::{AttemptResult, Extension, Resolution, Settled, Settlement},
};

/// How an attempt ended, as a number in its row.
#[derive(Clone, Copy)]
pub(super) enum Ending {
    Done = 0,
    Retry = 1,
    Dead = 2,
    Lost = 3,
}

impl Ending {
    /// The word for the number in a row.
    pub(super) const fn word(number: i64) -> &'static str {
        match number {
            0 => "done",
            1 => "retry",
            2 => "dead",
            _ => "lost",
        }
    }
}

pub(super) fn settle(tx: &mut Tx<'_>, all: &[Settlement], now: UnixMillis) -> Work<Vec<Settled>> {
    all.iter().map(|one| settle_one(tx, one, now)).collect()
}

fn settle_one(tx: &mut Tx<'_>, it: &Settlement, now: UnixMillis) -> Work<Settled> {
    let token = i64::try_from(it.token).unwrap_or(-1);
    let error = it.attempt.error.as_deref().map(shortened);
    let sql = match it.resolution {
        Resolution::Done => {
            "UPDATE delivery SET state = 3, at = ?3, lost = 0
             WHERE seq = ?1 AND state = 2 AND token = ?2 RETURNING state, route, order_key"
        }
        Resolution::Dead => {
            "UPDATE delivery SET state = 4, at = ?3, lost = 0, last_error = ?4
             WHERE seq = ?1 AND state = 2 AND token = ?2 RETURNING state, route, order_key"
        }
        Resolution::Retry { .. } => {
            "UPDATE delivery SET state = iif(attempts < max_attempts, 0, 4),
                 at = iif(attempts < max_attempts, ?5, ?3), lost = 0, last_error = ?4
             WHERE seq = ?1 AND state = 2 AND token = ?2 RETURNING state, route, order_key"
        }
        Resolution::Release { .. } => {
            "UPDATE delivery SET state = 0, at = ?3, lost = 0, attempts = attempts - 1
             WHERE seq = ?1 AND state = 2 AND token = ?2 RETURNING state, route, order_key"
        }
    };
    let mut update = tx.conn.prepare_cached(sql)?;
    let row = |row: &rusqlite::Row<'_>| row.try_into();
    let moved: Option<(i64, i64, Option<String>)> = match it.resolution {
        Resolution::Done => update.query_row((it.delivery.0, token, now.0), row),
        Resolution::Release { due_at } => update.query_row((it.delivery.0, token, due_at.0), row),
        Resolution::Dead => update.query_row((it.delivery.0, token, now.0, error), row),
        Resolution::Retry { due_at } => {
            update.query_row((it.delivery.0, token, now.0, error, due_at.0), row)
        }
    }
    .optional()?;
    drop(update);
    let Some((state, route, key)) = moved else {
        return Ok(Settled::Stale);
    };
    let (state, ending) = match state {
        3 => (Done, Ending::Done),
        4 => (Dead, Ending::Dead),
        _ => (Ready, Ending::Retry),
    };
    applied(tx, it, (route, key), state, ending)?;
    Ok(Settled::Applied)
}

fn applied(
    tx: &mut Tx<'_>,
    it: &Settlement,
    (route, key): (i64, Option<String>),
    state: DeliveryState,
    ending: Ending,
) -> rusqlite::Result<()> {
    tx.moved(route, Leased, state);
    if state.is_finished() {
        order::finish(tx, route, key.as_deref())?;
    }
    if !matches!(it.resolution, Resolution::Release { .. }) {
        let token = i64::try_from(it.token).unwrap_or(-1);
        keep_attempt(tx, (it.delivery.0, token), &it.attempt, ending)?;
    }
    Ok(())
}

/// Adds an attempt to the history of its delivery, whose oldest goes when it is full.
pub(super) fn keep_attempt(
    tx: &Tx<'_>,
    (delivery, token): (i64, i64),
    attempt: &AttemptResult,
    ending: Ending,
) -> rusqlite::Result<()> {
    let mut insert = tx.conn.prepare_cached(
        "INSERT OR REPLACE INTO attempt (delivery, no, started_at, elapsed, status, outcome, error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    insert.execute((
        delivery,
        token,
        attempt.started_at.0,
        i64::try_from(attempt.elapsed.as_millis()).unwrap_or(i64::MAX),
        attempt.status,
        ending as i64,
        attempt.error.as_deref().map(shortened),
    ))?;
    if token > limits::MAX_ATTEMPTS_KEPT {
        // Numbers have gaps where attempts were given back, so rows are counted, not numbers.
        let mut forget = tx.conn.prepare_cached(
            "DELETE FROM attempt WHERE delivery = ?1 AND no <= (SELECT no FROM attempt
                 WHERE delivery = ?1 ORDER BY no DESC LIMIT 1 OFFSET ?2)",
        )?;
        forget.execute((delivery, limits::MAX_ATTEMPTS_KEPT))?;
    }
    Ok(())
}

pub(super) fn extend(tx: &Tx<'_>, leases: &[Extension], until: UnixMillis) -> Work<Vec<Settled>> {
    let mut update = tx.conn.prepare_cached(
        "UPDATE delivery SET at = ?3 WHERE seq = ?1 AND state = 2 AND token = ?2",
    )?;
    let mut settled = Vec::with_capacity(leases.len());
    for lease in leases {
        let token = i64::try_from(lease.token).unwrap_or(-1);
        let changed = update.execute((lease.delivery.0, token, until.0))?;
        settled.push(if changed == 1 {
            Settled::Applied
        } else {
            Settled::Stale
        });
    }
    Ok(settled)
}

/// Cuts a text off at its limit, between two characters.
fn shortened(text: &str) -> &str {
    let mut end = limits::MAX_ERROR_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
