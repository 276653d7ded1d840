//! Every limit of this crate, by name. What is over one is refused or shortened as said here.

/// Bytes of one body. More is refused with [`ErrorKind::BodyTooLarge`](crate::ErrorKind).
pub const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// Headers kept with one event. More is refused with [`ErrorKind::Validation`](crate::ErrorKind).
pub const MAX_HEADERS: usize = 256;

/// Bytes of all header names and values of one event together. More is refused.
pub const MAX_HEADER_BYTES: usize = 256 * 1024;

/// Bytes of a source, route or event type name, an id of the provider or an order key. More is
/// refused.
pub const MAX_NAME_BYTES: usize = 4096;

/// Deliveries that one event fans out to. More is refused.
pub const MAX_DELIVERIES: usize = 256;

/// Bytes kept of the error of an attempt; the rest is cut off at a character.
pub const MAX_ERROR_BYTES: usize = 2048;

/// Attempts kept in the history of one delivery; of more, the latest are kept.
pub const MAX_ATTEMPTS_KEPT: i64 = 64;

/// Deliveries handed out by one claim.
pub const MAX_CLAIM: usize = 1024;

/// Leases settled or extended by one call. More is refused.
pub const MAX_SETTLE: usize = 4096;

/// Rows of one page of a list.
pub const MAX_PAGE: usize = 1000;

/// Rows that one step of replay, drop or retention changes before other work gets its turn.
pub const CHUNK: usize = 500;

/// Ids that one filter may list. More is refused.
pub const MAX_FILTER_IDS: usize = 1000;

/// Times a worker may be lost with a delivery before the delivery is dead.
pub const MAX_LOST: u32 = 3;
