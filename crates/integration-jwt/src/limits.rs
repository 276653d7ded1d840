//! What is bounded, and by how much.

/// Bytes of a token. A longer one is rejected before it is looked at.
pub const MAX_TOKEN: usize = 16 * 1024;

/// Levels of objects and arrays in a header, a payload or a key set.
pub const MAX_DEPTH: usize = 32;

/// Bytes of a key set or a discovery document that are read.
pub const MAX_DOCUMENT: usize = 1024 * 1024;

/// Keys of one set; those behind them are not looked at.
pub const MAX_KEYS: usize = 128;

/// Key ids that are remembered as absent.
pub const MAX_ABSENT: usize = 1024;

/// Bits of an RSA modulus at least; at most they are 8192.
pub const MIN_RSA_BITS: usize = 2048;
