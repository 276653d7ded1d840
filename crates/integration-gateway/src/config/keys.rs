//! Every key there is, level by level; what is not here is refused.

pub(super) const TOP: &[&str] = &[
    "listen",
    "admin_listen",
    "admin_token",
    "data_dir",
    "log",
    "max_body_bytes",
    "max_header_bytes",
    "max_connections",
    "head_timeout_ms",
    "body_timeout_ms",
    "queue_limit",
    "max_store_bytes",
    "max_in_flight",
    "lease_ms",
    "shutdown_grace_ms",
    "retention_done_s",
    "retention_dead_s",
    "retention_keys_s",
    "retention_every_s",
    "store",
    "sources",
    "routes",
];

pub(super) const STORE: &[&str] = &["commit", "synchronous"];

pub(super) const SOURCE: &[&str] = &["scheme", "secrets", "tolerance_s", "hmac"];

pub(super) const HMAC: &[&str] = &[
    "header",
    "prefix",
    "algorithm",
    "encoding",
    "content",
    "timestamp_header",
    "id_header",
    "id_pointer",
    "type_header",
    "type_pointer",
];

pub(super) const ROUTE: &[&str] = &[
    "name",
    "source",
    "events",
    "url",
    "secret",
    "order_by",
    "max_attempts",
    "timeout_ms",
    "max_in_flight",
    "backoff_base_ms",
    "backoff_cap_ms",
];

pub(super) const SECRET: &[&str] = &["from", "not_before_s", "not_after_s"];

/// Those of the keys above that hold tables, which no variable sets as a whole.
pub(super) const TABLES: [&str; 4] = ["store", "sources", "hmac", "routes"];
