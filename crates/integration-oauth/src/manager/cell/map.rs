//! The connections of one process.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::RwLock;

use super::Cell;
use crate::connection::ConnectionKey;

/// The connections of one process, so many at most as nobody holds a handle of.
///
/// What falls out is read from the store again when it is wanted: that costs time, and no token.
#[derive(Debug)]
pub(in crate::manager) struct Cells {
    capacity: usize,
    map: RwLock<HashMap<ConnectionKey, Entry>>,
}

#[derive(Debug)]
struct Entry {
    cell: Arc<Cell>,
    /// Whether it was asked for since room was last made.
    is_used: AtomicBool,
}

impl Cells {
    pub(in crate::manager) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            map: RwLock::default(),
        }
    }

    /// Returns the cell of a connection if it is there.
    pub(in crate::manager) fn find(&self, key: &ConnectionKey) -> Option<Arc<Cell>> {
        let map = self.map.read();
        let entry = map.get(key)?;
        entry.is_used.store(true, Ordering::Relaxed);
        Some(Arc::clone(&entry.cell))
    }

    /// Returns the cell of a connection, made by `create` at its first use.
    pub(in crate::manager) fn get(
        &self,
        key: &ConnectionKey,
        create: impl FnOnce() -> Cell,
    ) -> Arc<Cell> {
        if let Some(cell) = self.find(key) {
            return cell;
        }
        let mut map = self.map.write();
        if let Some(entry) = map.get(key) {
            return Arc::clone(&entry.cell);
        }
        if map.len() >= self.capacity {
            make_room(&mut map, self.capacity);
        }
        let cell = Arc::new(create());
        let entry = Entry {
            cell: Arc::clone(&cell),
            is_used: AtomicBool::new(true),
        };
        map.insert(key.clone(), entry);
        cell
    }
}

/// Drops what was not asked for since the last time; if that is nothing, all that nobody holds.
///
/// What somebody holds stays: two cells of one connection would refresh it side by side, which the
/// store prevents, at the price of a wait.
fn make_room(map: &mut HashMap<ConnectionKey, Entry>, capacity: usize) {
    let is_held = |entry: &Entry| Arc::strong_count(&entry.cell) > 1;
    map.retain(|_, entry| entry.is_used.swap(false, Ordering::Relaxed) || is_held(entry));
    if map.len() >= capacity {
        map.retain(|_, entry| is_held(entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::testing::SimServer;

    fn get(cells: &Cells, account: u32) -> Arc<Cell> {
        let key = ConnectionKey::new("t", "demo", account.to_string()).unwrap();
        cells.get(&key, || Cell::new(key.clone(), SimServer::shared()))
    }

    #[test]
    fn what_is_held_stays_and_the_rest_makes_room() {
        let cells = Cells::new(3);
        let held = get(&cells, 0);
        for account in 1..100 {
            drop(get(&cells, account));
            assert!(cells.map.read().len() <= 3);
        }
        assert!(
            Arc::ptr_eq(&held, &get(&cells, 0)),
            "two cells of one connection"
        );
    }
}
