//! How the file is used.

/// How the file is used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteConfig {
    /// Whether a commit that promises something, such as an append, waits for the disk. Claims and
    /// settlements never do: without them a delivery is repeated, not lost. Default: true. False
    /// may lose the last moments when the power fails, acknowledged events included.
    pub synchronous_full: bool,
    /// Commands that may wait for the writer; one more append is refused. Default: 8,192.
    pub queue: usize,
    /// Commands in one commit at most, at least 1. Default: 1,024.
    pub max_batch: usize,
    /// Bytes that the file may grow to; `None` for as many as the disk has. Appends are refused a
    /// sixteenth before that, so that deliveries can still be settled and old ones pruned.
    pub max_bytes: Option<u64>,
    /// Connections that read, at least 1. Default: 2.
    pub readers: usize,
    /// Bytes in the write-ahead log before it is copied into the file; at twice as many, commits wait
    /// for that. Default: 64 MB. With a quota at most an eighth of it.
    pub max_log_bytes: u64,
    /// Commits each command by itself. Only to measure what group commit is worth.
    pub commit_per_event: bool,
}

impl Default for SqliteConfig {
    fn default() -> Self {
        Self {
            synchronous_full: true,
            queue: 8192,
            max_batch: 1024,
            max_bytes: None,
            readers: 2,
            max_log_bytes: 64_000_000,
            commit_per_event: false,
        }
    }
}

impl SqliteConfig {
    /// Sets whether a commit waits for the disk.
    #[must_use]
    pub fn with_synchronous_full(mut self, synchronous_full: bool) -> Self {
        self.synchronous_full = synchronous_full;
        self
    }

    /// Sets how many commands may wait.
    #[must_use]
    pub fn with_queue(mut self, queue: usize) -> Self {
        self.queue = queue.max(1);
        self
    }

    /// Sets how many commands share a commit at most.
    #[must_use]
    pub fn with_max_batch(mut self, max_batch: usize) -> Self {
        self.max_batch = max_batch.max(1);
        self
    }

    /// Sets how large the file may grow.
    #[must_use]
    pub fn with_max_bytes(mut self, max_bytes: Option<u64>) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets how many connections read.
    #[must_use]
    pub fn with_readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// Sets whether each command is committed by itself.
    #[must_use]
    pub fn with_commit_per_event(mut self, commit_per_event: bool) -> Self {
        self.commit_per_event = commit_per_event;
        self
    }
}
