//! What is bounded, and by how much.

/// Bytes of an answer of an authorization server that are read.
pub const MAX_ANSWER: usize = 1024 * 1024;

/// Bytes of a token. A longer one fits no header.
pub const MAX_TOKEN: usize = 32 * 1024;

/// Bytes of each part of a [`ConnectionKey`](crate::connection::ConnectionKey).
pub const MAX_NAME: usize = 255;

/// Bytes of a callback: the query, or the form.
pub const MAX_CALLBACK: usize = 64 * 1024;

/// Fields of a callback.
pub const MAX_CALLBACK_FIELDS: usize = 64;

/// Bytes of a name or a value in a callback.
pub const MAX_CALLBACK_FIELD: usize = 16 * 1024;

/// Bytes of the description of an error that are kept.
pub const MAX_DESCRIPTION: usize = 512;

/// Cookies of logins that are looked at in one request.
pub const MAX_LOGIN_COOKIES: usize = 32;

/// Bytes of an address to return to after a login.
pub const MAX_RETURN_TO: usize = 2048;

/// Bytes of a login under way, before it is sealed.
pub const MAX_FLOW: usize = 16 * 1024;

/// Bytes of the form that a provider posts to log a user out.
pub const MAX_LOGOUT_FORM: usize = 32 * 1024;

/// Logout tokens that are remembered until they expire.
pub const MAX_LOGOUTS_SEEN: usize = 10_000;

/// Connections that are held in memory, unless the configuration says otherwise.
pub const MAX_CACHED: usize = 10_000;
/// Bytes of a sealed record; room for the largest answer and for what older answers left.
pub const MAX_SEALED: usize = 4 * 1024 * 1024;

/// Connections that are listed at once, when the caller does not say.
pub const LISTED: usize = 100;

/// Connections that are listed at once at most.
pub const MAX_LISTED: usize = 1000;

/// Logins that a store keeps at once, unless it is told otherwise.
pub const MAX_FLOWS: usize = 10_000;

/// Bytes of the id of a key that seals.
pub const MAX_KEY_ID: usize = 64;

/// Bytes of the wrapped key of a record, as a key management service may return it.
pub const MAX_WRAPPED: usize = 65_535;

/// Keys of a ring.
pub const MAX_KEYS: usize = 32;

/// Bytes of a file of keys.
pub const MAX_KEY_FILE: usize = 64 * 1024;

/// Keys of records that are kept after a key management service has unwrapped them.
pub const MAX_DATA_KEYS: usize = 1024;

/// Records that are rewrapped at the same time.
pub const REWRAPPED_AT_ONCE: usize = 64;

/// Connections in the file of a command-line program.
pub const MAX_STORE_CONNECTIONS: usize = 1000;

/// Bytes of the file of a command-line program.
pub const MAX_STORE_FILE: usize = 64 * 1024 * 1024;

/// Bytes of the fields of an answer that are kept beside its tokens, as JSON.
pub const MAX_EXTRA: usize = 16 * 1024;

/// Further tokens of one answer that are kept.
pub const MAX_ALSO: usize = 8;

/// Answers about tokens that are kept to be used again.
pub const MAX_INTROSPECTED: usize = 4096;
