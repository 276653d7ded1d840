//! Tasks that outlive whoever started them, but not the shutdown.

use parking_lot::Mutex;
use tokio::{runtime::Handle, sync::watch, task::JoinSet};

/// Tasks under way. Bounded by what starts them: one a connection, and the background.
#[derive(Debug)]
pub(super) struct Tasks {
    /// `None` once nothing may begin any more.
    set: Mutex<Option<JoinSet<()>>>,
    closing: watch::Sender<bool>,
}

impl Tasks {
    pub(super) fn new() -> Self {
        Self {
            set: Mutex::new(Some(JoinSet::new())),
            closing: watch::Sender::new(false),
        }
    }

    /// Starts a task; drops it instead when all is being shut down.
    pub(super) fn spawn(&self, runtime: &Handle, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.set.lock();
        // Where there is none, the task is dropped after the lock.
        if let Some(set) = set.as_mut() {
            while set.try_join_next().is_some() {}
            set.spawn_on(task, runtime);
        }
    }

    /// Returns what becomes true when tasks are to come to an end.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    pub(super) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Lets nothing begin any more, and waits for what has begun.
    pub(super) async fn finish(&self) {
        self.closing.send_replace(true);
        let set = self.set.lock().take();
        if let Some(mut set) = set {
            while set.join_next().await.is_some() {}
        }
    }

    /// Ends all tasks where they stand, as the death of the process would.
    #[cfg(test)]
    pub(super) fn die(&self) {
        self.closing.send_replace(true);
        drop(self.set.lock().take());
    }
}
