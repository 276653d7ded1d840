//! Lines of a route's table that several tests share.

/// Retries within milliseconds, so that a test need not wait as long as production should.
pub(crate) const QUICK_RETRIES: &str = "backoff_base_ms = 10\nbackoff_cap_ms = 50\n";

/// The second failure is the last.
pub(crate) const MAX_ATTEMPTS_2: &str = "max_attempts = 2\n";

/// A queue of events to be stored that a burst overflows.
pub(crate) const TINY_QUEUE: (&str, &str) = ("queue_limit", "1");

/// Delivered events are removed within seconds, their ids too, so that a short run sees it.
pub(crate) const SHORT_RETENTION: [(&str, &str); 3] = [
    ("retention_done_s", "1"),
    ("retention_keys_s", "1"),
    ("retention_every_s", "1"),
];
