use std::time::Duration;

use crate::connection::ConnectionKey;

/// What happened to a credential. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialEvent {
    /// The next one worked and is the current one now.
    Promoted {
        /// Which it is.
        key: ConnectionKey,
    },
    /// The provider refused the next one; the current one is used.
    NextRefused {
        /// Which it is.
        key: ConnectionKey,
    },
    /// The provider refused the current one, and there is no other or it refused that too: somebody
    /// must act.
    Refused {
        /// Which it is.
        key: ConnectionKey,
    },
    /// The current one is older than it should be: somebody should change it.
    Old {
        /// Which it is.
        key: ConnectionKey,
        /// How old it is.
        age: Duration,
    },
}
