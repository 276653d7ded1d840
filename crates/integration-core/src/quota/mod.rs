//! Reads what servers say about their quotas.

mod report;

pub use self::report::{QuotaEntry, QuotaReport, Reach, Refill};
