//! Hands deliveries out, and takes back what was lost.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::Row;

use super::{counts::Tx, failure::Work, headers, order, rows::int, settle};
use crate::{
    id::{DeliveryId, EventId, UnixMillis},
    limits,
    state::DeliveryState::{Dead, Leased, Ready},
    store::{AttemptResult, ClaimRequest, Lease},
};

pub(super) fn claim(tx: &mut Tx<'_>, request: &ClaimRequest) -> Work<Vec<Lease>> {
    let mut room = request.limit.min(limits::MAX_CLAIM);
    let routes = routes(tx, request)?;
    let turn = tx.memory.turn;
    tx.memory.turn = turn.wrapping_add(1);
    let mut leases = Vec::new();
    for place in 0..routes.len() {
        let (number, name, limit) = &routes[(turn.wrapping_add(place)) % routes.len()];
        if room == 0 {
            break;
        }
        let claimed = claim_route(tx, request, (*number, name), room.min(*limit))?;
        room -= claimed.len();
        leases.extend(claimed);
    }
    Ok(leases)
}

fn routes(
    tx: &mut Tx<'_>,
    request: &ClaimRequest,
) -> rusqlite::Result<Vec<(i64, Arc<str>, usize)>> {
    if let Some(slots) = &request.routes {
        let mut routes = Vec::with_capacity(slots.len());
        for slot in slots {
            if let Some(number) = tx.known_route(&slot.route)? {
                routes.push((number, slot.route.clone(), slot.limit));
            }
        }
        return Ok(routes);
    }
    let mut all = tx
        .conn
        .prepare_cached("SELECT id, name FROM route ORDER BY id")?;
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, usize::MAX)))?;
    rows.collect()
}

fn claim_route(
    tx: &mut Tx<'_>,
    request: &ClaimRequest,
    (route, name): (i64, &Arc<str>),
    limit: usize,
) -> Work<Vec<Lease>> {
    let until = request.now.plus(request.lease);
    let mut due = tx.conn.prepare_cached(
        "SELECT d.seq, d.token, d.attempts, d.max_attempts, d.replays, d.order_key, e.id, e.source,
             e.provider_id, e.type, e.occurred_at, e.received_at, e.headers, e.body
         FROM delivery d INDEXED BY delivery_ready JOIN event e ON e.seq = d.seq >> 8
         WHERE d.state = 0 AND d.route = ?1 AND d.at <= ?2 ORDER BY d.at, d.seq LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = due.query_map((route, request.now.0, limit), |row| lease(row, name, until))?;
    let leases = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut update = tx.conn.prepare_cached(
        "UPDATE delivery SET state = 2, at = ?2, token = token + 1, attempts = attempts + 1
         WHERE seq = ?1",
    )?;
    for lease in &leases {
        update.execute((lease.delivery.0, until.0))?;
    }
    let count = i64::try_from(leases.len()).unwrap_or(0);
    tx.count(route, Ready, -count);
    tx.count(route, Leased, count);
    Ok(leases)
}

fn lease(row: &Row<'_>, route: &Arc<str>, until: UnixMillis) -> rusqlite::Result<Lease> {
    Ok(Lease {
        delivery: DeliveryId(row.get(0)?),
        token: int::<u64>(row, 1)? + 1,
        attempt: int::<u32>(row, 2)? + 1,
        max_attempts: int(row, 3)?,
        replays: int(row, 4)?,
        order_key: row.get(5)?,
        event_id: EventId::from_bytes(row.get(6)?),
        source: row.get(7)?,
        provider_id: row.get(8)?,
        event_type: row.get(9)?,
        occurred_at: row.get::<_, Option<i64>>(10)?.map(UnixMillis),
        received_at: UnixMillis(row.get(11)?),
        headers: headers::unpack(row.get_ref(12)?.as_blob()?),
        body: Bytes::copy_from_slice(row.get_ref(13)?.as_blob()?),
        route: route.clone(),
        until,
    })
}

/// What is needed of a delivery whose worker was lost.
type LostRow = (i64, i64, i64, u32, Option<String>);

/// Takes back leases that end at `until` or before; at most a chunk of them.
pub(super) fn release_lost(tx: &mut Tx<'_>, until: UnixMillis, now: UnixMillis) -> Work<u64> {
    let lost = lost_rows(tx, until)?;
    for (seq, route, token, lost, key) in &lost {
        let state = if *lost >= limits::MAX_LOST {
            Dead
        } else {
            Ready
        };
        let attempt = AttemptResult {
            started_at: now,
            error: Some("worker lost".to_owned()),
            ..AttemptResult::default()
        };
        settle::keep_attempt(tx, (*seq, *token), &attempt, settle::Ending::Lost)?;
        let mut update = tx.conn.prepare_cached(
            "UPDATE delivery SET state = ?2, at = ?3, attempts = attempts - 1, lost = lost + 1,
                 last_error = 'worker lost' WHERE seq = ?1",
        )?;
        update.execute((seq, state as i64, now.0))?;
        tx.moved(*route, Leased, state);
        if state == Dead {
            order::finish(tx, *route, key.as_deref())?;
        }
    }
    Ok(u64::try_from(lost.len()).unwrap_or(u64::MAX))
}

fn lost_rows(tx: &Tx<'_>, until: UnixMillis) -> rusqlite::Result<Vec<LostRow>> {
    let mut select = tx.conn.prepare_cached(
        "SELECT seq, route, token, lost, order_key FROM delivery INDEXED BY delivery_leased
         WHERE state = 2 AND at <= ?1 LIMIT ?2",
    )?;
    let limit = i64::try_from(limits::CHUNK).unwrap_or(i64::MAX);
    let rows = select.query_map((until.0, limit), |row| row.try_into())?;
    rows.collect()
}
