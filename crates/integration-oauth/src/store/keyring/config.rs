use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use integration_core::{SharedClock, SystemClock};
use keyring_core::CredentialStore;

use crate::limits::MAX_FLOWS;

/// Which program, and where it keeps its data.
#[derive(Clone)]
#[non_exhaustive]
pub struct KeyringConfig {
    /// The name of the program, under which the keyring shows the key.
    pub program: String,
    /// The folder of the files, made for its owner alone if it is missing.
    pub folder: PathBuf,
    pub(super) keyring: Keyring,
    /// How long to wait for the keyring, where a user may have to type a password. Default: 60 s.
    pub keyring_timeout: Duration,
    /// By which leases and logins end. Default: the system's clock.
    pub clock: SharedClock,
    /// Logins that may be under way, at least 1. Default: [`MAX_FLOWS`].
    pub max_flows: usize,
}

/// Which keyring is asked.
#[derive(Clone)]
pub(super) enum Keyring {
    System,
    Given(Arc<CredentialStore>),
    None,
}

impl KeyringConfig {
    /// Names the program and its folder.
    #[must_use]
    pub fn new(program: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            folder: folder.into(),
            keyring: Keyring::System,
            keyring_timeout: Duration::from_secs(60),
            clock: SystemClock::shared(),
            max_flows: MAX_FLOWS,
        }
    }

    /// Sets another keyring than that of the system.
    #[must_use]
    pub fn with_keyring(mut self, keyring: Arc<CredentialStore>) -> Self {
        self.keyring = Keyring::Given(keyring);
        self
    }

    /// Asks no keyring: the key is in a file.
    #[must_use]
    pub fn without_keyring(mut self) -> Self {
        self.keyring = Keyring::None;
        self
    }

    /// Sets how long to wait for the keyring.
    #[must_use]
    pub fn with_keyring_timeout(mut self, timeout: Duration) -> Self {
        self.keyring_timeout = timeout;
        self
    }

    /// Sets the clock by which leases and logins end.
    #[must_use]
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how many logins may be under way, at least 1. One more puts out the one that would end
    /// first.
    #[must_use]
    pub fn with_max_flows(mut self, max_flows: usize) -> Self {
        self.max_flows = max_flows.max(1);
        self
    }
}

impl fmt::Debug for KeyringConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringConfig")
            .field("program", &self.program)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}
