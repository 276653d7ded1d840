//! Finds a cursor that comes a second time.

use std::collections::HashSet;

use super::Cursor;

/// Cursors that are kept; a shorter circle is found the first time around.
pub(super) const MAX_KEPT: usize = 4_096;

/// Remembers cursors in bounded memory.
///
/// The latest are kept in a set that is emptied when full. Larger circles are found by one mark
/// that moves at every power of two (Brent), so that any circle ends at some time.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    kept: HashSet<Cursor>,
    mark: Option<Cursor>,
    met: u64,
}

impl Repeats {
    /// Returns whether the cursor was met before, and remembers it.
    pub(super) fn meets(&mut self, cursor: &Cursor) -> bool {
        if self.mark.as_ref() == Some(cursor) || self.kept.contains(cursor) {
            return true;
        }
        self.met += 1;
        if self.met.is_power_of_two() {
            self.mark = Some(cursor.clone());
        }
        if self.kept.len() == MAX_KEPT {
            self.kept.clear();
        }
        self.kept.insert(cursor.clone());
        false
    }
}
