//! Who is told of changes: outside all locks, in order, once each.

use std::{collections::VecDeque, fmt, sync::Arc};

use parking_lot::Mutex;

use super::HealthChange;

/// Changes that wait for a slow hook; of more, the oldest are dropped.
pub(super) const MAX_WAITING: usize = 1_024;

type Hook = Arc<dyn Fn(&HealthChange) + Send + Sync>;

/// The hooks and what they are still to be told.
#[derive(Default)]
pub(super) struct Hooks(Mutex<State>);

#[derive(Default)]
struct State {
    hooks: Arc<Vec<Hook>>,
    waiting: VecDeque<HealthChange>,
    /// One thread tells; what others bring meanwhile, it tells too. So the order is kept.
    is_telling: bool,
    lost: u64,
}

impl Hooks {
    pub(super) fn add(&self, hook: impl Fn(&HealthChange) + Send + Sync + 'static) {
        let mut state = self.0.lock();
        let mut hooks = Vec::clone(&state.hooks);
        hooks.push(Arc::new(hook));
        state.hooks = Arc::new(hooks);
    }

    /// Puts a change in line. Cheap, so that it can be done under the lock that orders changes.
    pub(super) fn push(&self, change: HealthChange) {
        let mut state = self.0.lock();
        if state.hooks.is_empty() {
            return;
        }
        if state.waiting.len() >= MAX_WAITING {
            state.waiting.pop_front();
            state.lost += 1;
        }
        state.waiting.push_back(change);
    }

    /// Tells what is in line, unless another thread does. Not to be called under a lock.
    pub(super) fn run(&self) {
        {
            let mut state = self.0.lock();
            if state.is_telling || state.waiting.is_empty() {
                return;
            }
            state.is_telling = true;
        }
        // Also when a hook panics: the next change must find someone to tell it.
        let telling = Telling(self);
        while let Some((change, hooks)) = telling.next() {
            for hook in &*hooks {
                hook(&change);
            }
        }
        std::mem::forget(telling);
    }

    pub(super) fn lost(&self) -> u64 {
        self.0.lock().lost
    }
}

/// The right to tell.
struct Telling<'a>(&'a Hooks);

impl Telling<'_> {
    /// Returns the next change; gives the right up, in the same breath, when there is none.
    fn next(&self) -> Option<(HealthChange, Arc<Vec<Hook>>)> {
        let mut state = self.0.0.lock();
        let Some(change) = state.waiting.pop_front() else {
            state.is_telling = false;
            return None;
        };
        Some((change, Arc::clone(&state.hooks)))
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        self.0.0.lock().is_telling = false;
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        f.debug_struct("Hooks")
            .field("len", &state.hooks.len())
            .field("waiting", &state.waiting.len())
            .finish_non_exhaustive()
    }
}
