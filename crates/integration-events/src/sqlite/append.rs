//! Stores an event, or counts it as a duplicate.

use integration_core::{Error, ErrorKind};

use super::{
    counts::Tx,
    failure::{Failure, Work},
    headers, known, order,
};
use crate::event::{NewEvent, Stored};

/// The part of the quota, one in this many, that is kept from appends.
const RESERVE: u64 = 16;

/// An event with its headers packed, which is done before it reaches the writer.
#[derive(Debug)]
pub(super) struct Packed {
    event: NewEvent,
    headers: Vec<u8>,
}

impl Packed {
    pub(super) fn new(mut event: NewEvent) -> Self {
        let headers = headers::pack(&std::mem::take(&mut event.headers));
        Self { event, headers }
    }
}

pub(super) fn append(tx: &mut Tx<'_>, packed: &Packed) -> Work<Stored> {
    let Packed { event, headers } = packed;
    if is_duplicate(tx, event)? {
        return Ok(Stored::Duplicate);
    }
    if !has_room(tx)? {
        let full = Error::new(ErrorKind::Storage, "events.append")
            .with_message("the quota of the store is used up");
        return Err(Failure::Refused(full));
    }
    let event_seq = known::hold(tx, event.id)?;
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO event (seq, id, source, provider_id, id_signed, type, occurred_at,
             received_at, body_len, headers, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    insert.execute((
        event_seq,
        event.id.as_bytes(),
        &*event.source,
        &event.provider_id,
        event.id_signed,
        &event.event_type,
        event.occurred_at.map(|at| at.0),
        event.received_at.0,
        i64::try_from(event.body.len()).unwrap_or(i64::MAX),
        headers,
        &*event.body,
    ))?;
    let first = event_seq << 8;
    tx.count_events(1);
    for (seq, delivery) in (first..).zip(&event.deliveries) {
        let route = tx.route_number(&delivery.route)?;
        let key = delivery.order_key.as_deref();
        let state = order::waiting_state(tx, route, key)?;
        let mut insert = tx.conn.prepare_cached(
            "INSERT INTO delivery (seq, route, state, at, max_attempts, order_key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let max_attempts = delivery.max_attempts;
        insert.execute((
            seq,
            route,
            state as i64,
            event.received_at.0,
            max_attempts,
            key,
        ))?;
        tx.count(route, state, 1);
    }
    Ok(Stored::New)
}

fn is_duplicate(tx: &mut Tx<'_>, event: &NewEvent) -> rusqlite::Result<bool> {
    let Some(seq) = known::find(tx, event.id)? else {
        return Ok(false);
    };
    let mut count = tx
        .conn
        .prepare_cached("UPDATE event SET dup_count = dup_count + 1 WHERE seq = ?1")?;
    count.execute([seq])?;
    Ok(true)
}

fn has_room(tx: &mut Tx<'_>) -> rusqlite::Result<bool> {
    let Some(max) = tx.max_pages else {
        return Ok(true);
    };
    if let Some(known) = tx.memory.has_room {
        return Ok(known);
    }
    let pages = |name: &str| {
        let mut pragma = tx.conn.prepare_cached(name)?;
        pragma.query_row([], |row| row.get::<_, i64>(0))
    };
    let used = pages("PRAGMA page_count")? - pages("PRAGMA freelist_count")?;
    let has_room = u64::try_from(used).unwrap_or(0) < max - max / RESERVE;
    // Only a no holds for the rest of the batch: what follows a yes takes room.
    tx.memory.has_room = (!has_room).then_some(false);
    Ok(has_room)
}
