//! Brings finished deliveries back, or drops them; a chunk at a time.

use rusqlite::params_from_iter;

use super::{
    counts::Tx,
    failure::Work,
    order,
    rows::{Conditions, delivery_tables, int},
};
use crate::{
    id::UnixMillis,
    limits,
    query::DeliveryFilter,
    state::DeliveryState::{self, Dead, Dropped},
};

/// How far a replay or drop has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) after: i64,
    pub(super) count: u64,
    pub(super) is_over: bool,
}

/// Returns the filter without states that are not finished; dead ones if it named none.
pub(super) fn finished_only(mut filter: DeliveryFilter) -> Option<DeliveryFilter> {
    if filter.states.is_empty() {
        filter.states.push(Dead);
    }
    filter.states.retain(|state| state.is_finished());
    (!filter.states.is_empty()).then_some(filter)
}

/// Makes the next chunk due again, at `rate` a second.
pub(super) fn replay(
    tx: &mut Tx<'_>,
    filter: &DeliveryFilter,
    rate: Option<u32>,
    now: UnixMillis,
    mut progress: Progress,
) -> Work<Progress> {
    for (seq, route, from, key) in next(tx, filter, &mut progress)? {
        let to = order::waiting_state(tx, route, key.as_deref())?;
        let wait = rate.map_or(0, |rate| progress.count * 1000 / u64::from(rate.max(1)));
        let at = now
            .0
            .saturating_add(i64::try_from(wait).unwrap_or(i64::MAX));
        let mut update = tx.conn.prepare_cached(
            "UPDATE delivery SET state = ?2, at = ?3, attempts = 0, lost = 0, replays = replays + 1
             WHERE seq = ?1",
        )?;
        update.execute((seq, to as i64, at))?;
        tx.moved(route, from, to);
        progress.count += 1;
    }
    Ok(progress)
}

/// Drops the next chunk.
pub(super) fn drop_dead(
    tx: &mut Tx<'_>,
    filter: &DeliveryFilter,
    now: UnixMillis,
    mut progress: Progress,
) -> Work<Progress> {
    for (seq, route, from, _) in next(tx, filter, &mut progress)? {
        let mut update = tx
            .conn
            .prepare_cached("UPDATE delivery SET state = 5, at = ?2 WHERE seq = ?1")?;
        update.execute((seq, now.0))?;
        tx.moved(route, from, Dropped);
        progress.count += 1;
    }
    Ok(progress)
}

type Found = (i64, i64, DeliveryState, Option<String>);

fn next(
    tx: &Tx<'_>,
    filter: &DeliveryFilter,
    progress: &mut Progress,
) -> rusqlite::Result<Vec<Found>> {
    let mut conditions = Conditions::default();
    conditions.deliveries(filter);
    conditions.add("d.seq > ?", progress.after);
    let sql = format!(
        "SELECT d.seq, d.route, d.state, d.order_key FROM {}{} ORDER BY d.seq LIMIT {}",
        delivery_tables(filter),
        conditions.sql(),
        limits::CHUNK
    );
    let mut select = tx.conn.prepare(&sql)?;
    let rows = select.query_map(params_from_iter(conditions.values), |row| {
        let state = DeliveryState::ALL.get(int::<usize>(row, 2)?);
        Ok((
            row.get(0)?,
            row.get(1)?,
            *state.unwrap_or(&Dead),
            row.get(3)?,
        ))
    })?;
    let found = rows.collect::<rusqlite::Result<Vec<Found>>>()?;
    progress.is_over = found.len() < limits::CHUNK;
    progress.after = found.last().map_or(progress.after, |last| last.0);
    Ok(found)
}
