//! Strict order: of the unfinished deliveries with one route and key, exactly one is not blocked.

use rusqlite::OptionalExtension;

use super::counts::Tx;
use crate::state::DeliveryState;

/// Returns the state in which a delivery waits: blocked if another with its key is unfinished.
pub(super) fn waiting_state(
    tx: &Tx<'_>,
    route: i64,
    key: Option<&str>,
) -> rusqlite::Result<DeliveryState> {
    let Some(key) = key else {
        return Ok(DeliveryState::Ready);
    };
    let mut unfinished = tx.conn.prepare_cached(
        "SELECT 1 FROM delivery INDEXED BY delivery_order
         WHERE route = ?1 AND order_key = ?2 AND order_key IS NOT NULL AND state < 3 LIMIT 1",
    )?;
    Ok(if unfinished.exists((route, key))? {
        DeliveryState::Blocked
    } else {
        DeliveryState::Ready
    })
}

/// Readies the next in line of a key whose only delivery that was not blocked has just finished.
///
/// The next is the earliest stored, so a replayed one goes before those that arrived after it.
pub(super) fn finish(tx: &mut Tx<'_>, route: i64, key: Option<&str>) -> rusqlite::Result<()> {
    let Some(key) = key else { return Ok(()) };
    let mut next = tx.conn.prepare_cached(
        "SELECT seq FROM delivery INDEXED BY delivery_order
         WHERE route = ?1 AND order_key = ?2 AND order_key IS NOT NULL AND state < 3
         ORDER BY seq LIMIT 1",
    )?;
    if let Some(seq) = next
        .query_row((route, key), |row| row.get::<_, i64>(0))
        .optional()?
    {
        let mut ready = tx
            .conn
            .prepare_cached("UPDATE delivery SET state = 0 WHERE seq = ?1 AND state = 1")?;
        if ready.execute([seq])? == 1 {
            tx.moved(route, DeliveryState::Blocked, DeliveryState::Ready);
        }
    }
    Ok(())
}
