//! Who waits, and who is next.

use std::{
    collections::{BTreeSet, VecDeque},
    task::Waker,
};

use super::Priority;

/// Of so many places in a row that come free, one goes to whoever has waited longest.
pub(super) const FAIR_SHARE: u32 = 8;

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    number: u64,
    priority: Priority,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    next_number: u64,
    /// Highest priority first; each in the order in which they came, so by number.
    lines: [VecDeque<Waiting>; 3],
    /// Places in a row that went past the one who has waited longest.
    overtaken: u32,
    /// Turns that have a place and do not know it yet.
    granted: BTreeSet<u64>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    waker: Option<Waker>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.lines.iter().map(VecDeque::len).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().all(VecDeque::is_empty)
    }

    pub(super) fn push(&mut self, priority: Priority) -> Turn {
        let number = self.next_number;
        self.next_number += 1;
        self.lines[line_of(priority)].push_back(Waiting {
            number,
            waker: None,
        });
        Turn { number, priority }
    }

    /// Gives a place to the next; returns whom to wake, who may not have been polled yet.
    pub(super) fn grant(&mut self) -> Option<Waker> {
        let line = self.next_line()?;
        let next = self.lines[line].pop_front()?;
        self.granted.insert(next.number);
        next.waker
    }

    /// The first line that is not empty, but after enough overtaking the one with the oldest.
    fn next_line(&mut self) -> Option<usize> {
        let fronts = || {
            let lines = self.lines.iter().enumerate();
            lines.filter_map(|(line, waiting)| Some((waiting.front()?.number, line)))
        };
        let (_, oldest) = fronts().min()?;
        let (_, first) = fronts().next()?;
        if first == oldest || self.overtaken + 1 >= FAIR_SHARE {
            self.overtaken = 0;
            return Some(oldest);
        }
        self.overtaken += 1;
        Some(first)
    }

    /// Whether this turn has been given a place, which it now knows.
    pub(super) fn take_grant(&mut self, turn: Turn) -> bool {
        self.granted.remove(&turn.number)
    }

    /// Remembers whom to wake; returns whom not to wake any more. The caller drops it outside the
    /// lock: the last handle of a task drops the task, which may hold a place or a turn.
    pub(super) fn wait(&mut self, turn: Turn, waker: &Waker) -> Option<Waker> {
        let waiting = self.find(turn)?;
        let waiting = &mut self.lines[line_of(turn.priority)][waiting];
        match &waiting.waker {
            Some(known) if known.will_wake(waker) => None,
            _ => waiting.waker.replace(waker.clone()),
        }
    }

    /// Leaves the queue; `None` when it is not in the queue any more. As for the waker, see
    /// [`wait`](Self::wait).
    pub(super) fn remove(&mut self, turn: Turn) -> Option<Option<Waker>> {
        let waiting = self.find(turn)?;
        let left = self.lines[line_of(turn.priority)].remove(waiting)?;
        Some(left.waker)
    }

    fn find(&self, turn: Turn) -> Option<usize> {
        self.lines[line_of(turn.priority)]
            .binary_search_by_key(&turn.number, |waiting| waiting.number)
            .ok()
    }
}

const fn line_of(priority: Priority) -> usize {
    match priority {
        Priority::High => 0,
        Priority::Normal => 1,
        Priority::Low => 2,
    }
}
