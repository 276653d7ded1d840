//! The queries; they run on connections that cannot write.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::{
    headers, known,
    rows::{Conditions, delivery_tables, int, page_limit},
    settle::Ending,
};
use crate::{
    id::{DeliveryId, EventId, UnixMillis},
    query::{
        AttemptView, Cursor, DeliveryFilter, DeliveryView, EventFilter, EventView, Page,
        PageRequest, RouteStats, Stats,
    },
    state::DeliveryState,
};

const EVENT: &str = "e.seq, e.id, e.source, e.provider_id, e.id_signed, e.type, e.occurred_at,
    e.received_at, e.dup_count, e.emptied, e.body_len";

pub(super) fn event(conn: &Connection, id: EventId) -> rusqlite::Result<Option<EventView>> {
    let found = known::events_with("?1");
    let sql = format!("SELECT {EVENT}, e.headers, e.body FROM event e WHERE e.seq IN ({found})");
    let mut select = conn.prepare_cached(&sql)?;
    let row = |row: &Row<'_>| {
        let mut view = event_view(row)?;
        view.headers = headers::unpack(row.get_ref(11)?.as_blob()?);
        view.body = Bytes::copy_from_slice(row.get_ref(12)?.as_blob()?);
        Ok(view)
    };
    select.query_row([id.as_bytes()], row).optional()
}

pub(super) fn events(
    conn: &Connection,
    filter: &EventFilter,
    page: PageRequest,
) -> rusqlite::Result<Page<EventView>> {
    let mut conditions = Conditions::default();
    conditions.events(filter);
    if let Some(after) = page.after {
        conditions.add("e.seq < ?", after.0);
    }
    let limit = page_limit(page.limit);
    let sql = format!(
        "SELECT {EVENT} FROM event e{} ORDER BY e.seq DESC LIMIT {}",
        conditions.sql(),
        limit + 1
    );
    let mut select = conn.prepare_cached(&sql)?;
    let rows = select.query_map(params_from_iter(conditions.values), event_view)?;
    Ok(paged(
        rows.collect::<rusqlite::Result<_>>()?,
        limit,
        |view| view.seq,
    ))
}

fn event_view(row: &Row<'_>) -> rusqlite::Result<EventView> {
    Ok(EventView {
        seq: row.get(0)?,
        id: EventId::from_bytes(row.get(1)?),
        source: row.get(2)?,
        provider_id: row.get(3)?,
        id_signed: row.get(4)?,
        event_type: row.get(5)?,
        occurred_at: row.get::<_, Option<i64>>(6)?.map(UnixMillis),
        received_at: UnixMillis(row.get(7)?),
        duplicates: int(row, 8)?,
        is_emptied: row.get(9)?,
        body_len: int(row, 10)?,
        headers: Vec::new(),
        body: Bytes::new(),
    })
}

pub(super) fn deliveries(
    conn: &Connection,
    filter: &DeliveryFilter,
    page: PageRequest,
) -> rusqlite::Result<Page<DeliveryView>> {
    let mut conditions = Conditions::default();
    conditions.deliveries(filter);
    if let Some(after) = page.after {
        conditions.add("d.seq < ?", after.0);
    }
    let limit = page_limit(page.limit);
    let sql = format!(
        "SELECT d.seq, e.id, e.source, e.type, e.received_at,
             (SELECT name FROM route r WHERE r.id = d.route), d.order_key, d.state, d.attempts,
             d.max_attempts, d.lost, d.replays, d.at, d.last_error
         FROM {}{} ORDER BY d.seq DESC LIMIT {}",
        delivery_tables(filter),
        conditions.sql(),
        limit + 1
    );
    let mut select = conn.prepare_cached(&sql)?;
    let rows = select.query_map(params_from_iter(conditions.values), delivery_view)?;
    Ok(paged(
        rows.collect::<rusqlite::Result<_>>()?,
        limit,
        |view| view.id.0,
    ))
}

fn delivery_view(row: &Row<'_>) -> rusqlite::Result<DeliveryView> {
    let state = DeliveryState::ALL.get(int::<usize>(row, 7)?);
    Ok(DeliveryView {
        id: DeliveryId(row.get(0)?),
        event_id: EventId::from_bytes(row.get(1)?),
        source: row.get(2)?,
        event_type: row.get(3)?,
        received_at: UnixMillis(row.get(4)?),
        route: row.get(5)?,
        order_key: row.get(6)?,
        state: *state.unwrap_or(&DeliveryState::Dead),
        attempts: int(row, 8)?,
        max_attempts: int(row, 9)?,
        lost: int(row, 10)?,
        replays: int(row, 11)?,
        at: UnixMillis(row.get(12)?),
        last_error: row.get(13)?,
    })
}

/// Makes a page of one row more than it holds.
fn paged<T>(mut items: Vec<T>, limit: usize, seq: impl Fn(&T) -> i64) -> Page<T> {
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| has_more)
        .map(|last| Cursor(seq(last)));
    Page { items, next }
}

pub(super) fn count(conn: &Connection, filter: &DeliveryFilter) -> rusqlite::Result<u64> {
    let mut conditions = Conditions::default();
    conditions.deliveries(filter);
    let sql = format!(
        "SELECT count(*) FROM {}{}",
        delivery_tables(filter),
        conditions.sql()
    );
    let mut select = conn.prepare(&sql)?;
    select.query_row(params_from_iter(conditions.values), |row| int(row, 0))
}

pub(super) fn attempts(conn: &Connection, id: DeliveryId) -> rusqlite::Result<Vec<AttemptView>> {
    let mut select = conn.prepare_cached(
        "SELECT no, started_at, elapsed, status, outcome, error FROM attempt
         WHERE delivery = ?1 ORDER BY no",
    )?;
    let rows = select.query_map([id.0], |row| {
        Ok(AttemptView {
            number: int(row, 0)?,
            started_at: UnixMillis(row.get(1)?),
            elapsed: Duration::from_millis(int(row, 2)?),
            status: row.get(3)?,
            outcome: Ending::word(row.get(4)?).to_owned(),
            error: row.get(5)?,
        })
    })?;
    rows.collect()
}

pub(super) fn stats(conn: &Connection, now: UnixMillis) -> rusqlite::Result<Stats> {
    let mut stats = Stats::default();
    let mut routes = BTreeMap::<i64, [u64; 6]>::new();
    let mut counters = conn.prepare_cached("SELECT route, state, n FROM counter")?;
    let mut rows = counters.query([])?;
    while let Some(row) = rows.next()? {
        let (route, state, n): (i64, usize, u64) = (row.get(0)?, int(row, 1)?, int(row, 2)?);
        if route == 0 {
            stats.events = n;
        } else if let Some(slot) = routes.entry(route).or_default().get_mut(state) {
            *slot = n;
        }
    }
    for (route, by_state) in routes {
        let oldest_ready = oldest(conn, route)?.map(|at| now.since(at));
        stats.oldest_ready = stats.oldest_ready.max(oldest_ready);
        let mut name = conn.prepare_cached("SELECT name FROM route WHERE id = ?1")?;
        let route: Arc<str> = name.query_row([route], |row| row.get(0))?;
        stats.routes.push(RouteStats {
            route,
            by_state,
            oldest_ready,
        });
    }
    let pragma = |sql| conn.query_row(sql, [], |row| int::<u64>(row, 0));
    let used = pragma("PRAGMA page_count")?.saturating_sub(pragma("PRAGMA freelist_count")?);
    stats.bytes_used = used * pragma("PRAGMA page_size")?;
    Ok(stats)
}

pub(super) fn next_due(conn: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    let mut routes = conn.prepare_cached("SELECT id FROM route")?;
    let ids = routes.query_map([], |row| row.get(0))?;
    let mut next = None;
    for id in ids {
        next = [next, oldest(conn, id?)?].into_iter().flatten().min();
    }
    Ok(next)
}

fn oldest(conn: &Connection, route: i64) -> rusqlite::Result<Option<UnixMillis>> {
    let mut select = conn.prepare_cached(
        "SELECT at FROM delivery INDEXED BY delivery_ready
         WHERE state = 0 AND route = ?1 ORDER BY at LIMIT 1",
    )?;
    select
        .query_row([route], |row| Ok(UnixMillis(row.get(0)?)))
        .optional()
}
