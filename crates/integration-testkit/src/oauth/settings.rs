//! How a mock server is set up.

use std::{io, time::Duration};

use integration_core::{SharedClock, SystemClock};

use super::{MockAuthServer, client::MockClient, family::Rotation, keys::SigningAlgorithm};

/// Sets up a [`MockAuthServer`].
#[derive(Clone, Debug)]
#[must_use]
pub struct MockAuthBuilder {
    pub(super) clock: SharedClock,
    pub(super) clients: Vec<MockClient>,
    pub(super) subject: String,
    pub(super) audience: Option<String>,
    pub(super) algorithm: SigningAlgorithm,
    pub(super) rotation: Rotation,
    pub(super) reuse_window: Duration,
    pub(super) refresh_max_age: Option<Duration>,
    pub(super) access_ttl: Duration,
    pub(super) device_interval: Duration,
    pub(super) is_opaque: bool,
    pub(super) needs_pkce: bool,
    pub(super) needs_par: bool,
    pub(super) sends_iss: bool,
}

impl Default for MockAuthBuilder {
    fn default() -> Self {
        Self {
            clock: SystemClock::shared(),
            clients: Vec::new(),
            subject: "user-1".to_owned(),
            audience: None,
            algorithm: SigningAlgorithm::default(),
            rotation: Rotation::default(),
            reuse_window: Duration::ZERO,
            refresh_max_age: None,
            access_ttl: Duration::from_secs(3600),
            device_interval: Duration::from_secs(1),
            is_opaque: false,
            needs_pkce: true,
            needs_par: false,
            sends_iss: true,
        }
    }
}

impl MockAuthBuilder {
    /// Sets the clock that all times are read from. Default: the system's.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Adds a client beside [`MockAuthServer::CLIENT_ID`].
    pub fn client(mut self, client: MockClient) -> Self {
        self.clients.push(client);
        self
    }

    /// Sets who logs in where the address has no `login_hint`. Default: `user-1`.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Sets the `aud` of access tokens where no `resource` is asked for. Default: the issuer.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Sets with what tokens are signed. Default: ES256.
    pub fn algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets whether a refresh replaces the refresh token. Default: strictly.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// Sets for how long a replaced refresh token still works. Default: not at all.
    pub fn reuse_window(mut self, window: Duration) -> Self {
        self.reuse_window = window;
        self
    }

    /// Sets how long after a login its refresh tokens die. Default: never.
    pub fn refresh_max_age(mut self, age: Duration) -> Self {
        self.refresh_max_age = Some(age);
        self
    }

    /// Sets how long access tokens last, in whole seconds. Default: an hour.
    pub fn access_ttl(mut self, ttl: Duration) -> Self {
        self.access_ttl = ttl;
        self
    }

    /// Sets how long a device waits between two questions, in whole seconds. Default: 1 s.
    pub fn device_interval(mut self, interval: Duration) -> Self {
        self.device_interval = interval;
        self
    }

    /// Hands out access tokens that say nothing, instead of JWTs.
    pub fn opaque_access_tokens(mut self) -> Self {
        self.is_opaque = true;
        self
    }

    /// Accepts logins without PKCE.
    pub fn without_pkce(mut self) -> Self {
        self.needs_pkce = false;
        self
    }

    /// Refuses logins whose request was not pushed (RFC 9126).
    pub fn require_par(mut self) -> Self {
        self.needs_par = true;
        self
    }

    /// Sends the browser back without `iss` (RFC 9207), and does not promise it.
    pub fn without_iss(mut self) -> Self {
        self.sends_iss = false;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When no port can be taken, or no key be made.
    pub async fn start(self) -> io::Result<MockAuthServer> {
        MockAuthServer::start_with(self).await
    }
}
