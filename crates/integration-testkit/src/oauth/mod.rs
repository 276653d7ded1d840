//! An authorization server on the loopback, for tests of what logs in and keeps tokens.
//!
//! It does what the standards say and signs for real: discovery, authorization codes with PKCE,
//! pushed requests, refresh tokens that rotate and revoke their family when one is used twice,
//! client credentials, devices, grants by JWT, token exchange, registration, introspection,
//! revocation, userinfo, logout. Every login is approved at once. Its clock is the test's, and it
//! fails on demand: before it executes a request, or after, which is where tokens are lost.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use integration_testkit::oauth::{AuthFault, MockAuthServer};
//!
//! let server = MockAuthServer::start().await?;
//! let held = server.tokens_for("bob", &["openid", "calendar"])?;
//! // The next refresh is executed, and its answer is lost: the old token is spent.
//! server.inject("/token", [AuthFault::drop_after()]);
//! // ... let the code under test refresh `held.refresh_token` at `server.url("/token")` ...
//! assert_eq!(server.calls("refresh_token"), 0, "calls of a grant, or of a path");
//! assert!(server.revoked_families().is_empty(), "no refresh token was used twice");
//! # let _ = held;
//! # Ok(())
//! # }
//! ```
//!
//! A login without a browser: give [`MockAuthServer::log_in`] the address that a user would open,
//! and the code under test the fields of the [`Callback`] that comes back.
//!
//! # When not to use it
//!
//! Not as proof that a client follows the standards: it is written by those who wrote the client.
//! It knows neither `DPoP` nor certificates of clients.

mod answer;
mod authorize;
mod browser;
mod client;
mod device;
mod family;
mod fault;
mod keys;
mod logout;
mod quirk;
mod request;
mod settings;
mod tell;
mod token;
mod world;

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use integration_core::{Result, SecretString};
use serde_json::Value;

pub use self::{
    browser::Callback, client::MockClient, family::Rotation, fault::AuthFault,
    keys::SigningAlgorithm, quirk::Quirk, settings::MockAuthBuilder,
};
use self::{family::Grant, world::World};
use crate::{Reply, ScriptedServer};

/// The secret of [`MockAuthServer::CLIENT_ID`]: one that differs when it is form-encoded, and is long
/// enough to sign with.
const SECRET: &str = "app secret:with/odd+chars%& and more";

/// An authorization server, as far as tests need it. Dropping it ends all connections.
pub struct MockAuthServer {
    server: ScriptedServer,
    world: Arc<Mutex<World>>,
}

/// Tokens that were handed out without a login.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedTokens {
    /// What goes to an API.
    pub access_token: String,
    /// What gets the next one.
    pub refresh_token: String,
    /// Who logged in, where `openid` was granted.
    pub id_token: Option<String>,
    /// When the access token expires, since the Unix epoch.
    pub expires_at: Duration,
    /// The whole answer of the token endpoint.
    pub answer: Value,
}

impl MockAuthServer {
    /// A client that it always knows, with [`client_secret`](Self::client_secret). It may come back
    /// to any address.
    pub const CLIENT_ID: &str = "app";

    /// A client without a secret that it always knows.
    pub const PUBLIC_CLIENT_ID: &str = "cli";

    /// Starts with strict rotation, JWTs as access tokens, PKCE and the clock of the system.
    ///
    /// # Errors
    ///
    /// When no port can be taken.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Begins to set one up.
    pub fn builder() -> MockAuthBuilder {
        MockAuthBuilder::default()
    }

    async fn start_with(settings: MockAuthBuilder) -> io::Result<Self> {
        let settings = settings
            .client(MockClient::new(Self::CLIENT_ID).secret(SECRET))
            .client(MockClient::new(Self::PUBLIC_CLIENT_ID));
        let world = Arc::new(Mutex::new(World::new(settings)?));
        let shared = Arc::clone(&world);
        let server =
            ScriptedServer::start(move |received| -> Reply { lock(&shared).answer(received) })
                .await?;
        lock(&world).issuer = server.url("");
        Ok(Self { server, world })
    }

    /// Returns its issuer, which is also its address.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.server.url("")
    }

    /// Returns the address of a path: `/authorize`, `/token`, `/par`, `/device_authorization`,
    /// `/jwks`, `/userinfo`, `/introspect`, `/revoke`, `/register`, `/end_session`, and
    /// `/resource`, an API that wants an access token.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        self.server.url(path)
    }

    /// Returns the secret of [`CLIENT_ID`](Self::CLIENT_ID).
    #[must_use]
    pub fn client_secret(&self) -> SecretString {
        SecretString::from(SECRET)
    }

    /// Returns the server below, which remembers every request.
    #[must_use]
    pub fn server(&self) -> &ScriptedServer {
        &self.server
    }

    /// Opens the address of a login as a browser would, and returns where it leads.
    ///
    /// # Errors
    ///
    /// When the server shows a page instead, because client or redirect address are wrong; the
    /// error holds its text.
    pub async fn log_in(&self, url: &str) -> Result<Callback> {
        browser::visit(url).await
    }

    /// Lets the next login fail with this error, such as `access_denied`.
    pub fn deny_next_login(&self, error: &str) {
        lock(&self.world).denial = Some(error.to_owned());
    }

    /// Lets the user of a device say yes or no. Tells whether a device waits for this code.
    #[must_use]
    pub fn decide_device(&self, user_code: &str, is_approved: bool) -> bool {
        lock(&self.world).decide(user_code, is_approved)
    }

    /// Grants these scopes from now on, whatever is asked for.
    pub fn grant_only(&self, scopes: &[&str]) {
        lock(&self.world).only_scopes = Some(owned(scopes));
    }

    /// Hands out tokens to [`CLIENT_ID`](Self::CLIENT_ID) without a login.
    ///
    /// # Errors
    ///
    /// When signing fails.
    pub fn tokens_for(&self, subject: &str, scopes: &[&str]) -> io::Result<IssuedTokens> {
        let mut world = lock(&self.world);
        let grant = Grant {
            client: Self::CLIENT_ID.to_owned(),
            subject: Some(subject.to_owned()),
            scopes: owned(scopes),
            auth_time: world.now(),
            sid: Some(world.fresh("sid")),
            ..Grant::default()
        };
        let expires_at = Duration::from_secs(world.now()) + world.settings.access_ttl;
        let answer = world.begin(grant);
        let answer = answer.map_err(|refusal| io::Error::other(refusal.description))?;
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        Ok(IssuedTokens {
            access_token: text("access_token").unwrap_or_default(),
            refresh_token: text("refresh_token").unwrap_or_default(),
            id_token: text("id_token"),
            expires_at,
            answer,
        })
    }

    /// Gives the next requests to a path these faults, one each.
    pub fn inject(&self, path: &str, faults: impl IntoIterator<Item = AuthFault>) {
        lock(&self.world).faults.inject(path, faults);
    }

    /// Gives all requests to a path this fault, until [`heal`](Self::heal).
    pub fn break_down(&self, path: &str, fault: AuthFault) {
        lock(&self.world).faults.last(path, fault);
    }

    /// Ends all faults, also those still to come.
    pub fn heal(&self) {
        lock(&self.world).faults.heal();
    }

    /// Returns how many requests a path had, such as `/token`, or how many exchanges a grant,
    /// such as `refresh_token`. A grant is counted when the server begins to execute it.
    #[must_use]
    pub fn calls(&self, path_or_grant: &str) -> usize {
        let counts = &lock(&self.world).counts;
        counts.get(path_or_grant).copied().unwrap_or_default()
    }

    /// Returns the refresh token handed out last, over all logins.
    #[must_use]
    pub fn last_refresh_token(&self) -> Option<String> {
        lock(&self.world).families.last().map(str::to_owned)
    }

    /// Tells whether an access or refresh token works now.
    #[must_use]
    pub fn is_live(&self, token: &str) -> bool {
        let world = lock(&self.world);
        world.live(token).is_some() || world.families.of_live(token).is_some()
    }

    /// Returns the logins whose refresh tokens were revoked, by the order of the logins, from 0.
    #[must_use]
    pub fn revoked_families(&self) -> Vec<usize> {
        lock(&self.world).families.revoked()
    }

    /// Returns how many refresh tokens a login had so far, by the order of the logins, from 0.
    #[must_use]
    pub fn generations(&self, family: usize) -> u32 {
        let world = lock(&self.world);
        let family = world.families.get(family);
        family.map_or(0, |family| family.generations)
    }

    /// Revokes all that came of the login that a refresh token belongs to, as its user may do.
    pub fn revoke_family_of(&self, refresh_token: &str) {
        let families = &mut lock(&self.world).families;
        if let Some(family) = families.of(refresh_token) {
            families.revoke(family);
        }
    }

    /// Refuses an access token from now on, before it expires.
    pub fn revoke_access_token(&self, token: &str) {
        if let Some(access) = lock(&self.world).access.get_mut(token) {
            access.is_revoked = true;
        }
    }

    /// Signs with a new key from now on. The old ones stay in `/jwks` if `keep_old`.
    ///
    /// # Errors
    ///
    /// When no key can be made.
    pub fn rotate_keys(&self, keep_old: bool) -> io::Result<()> {
        lock(&self.world).rotate_keys(keep_old)
    }

    /// Sets by how many seconds the clock of the server is ahead of the one it was given.
    pub fn set_clock_ahead(&self, seconds: i64) {
        lock(&self.world).ahead = seconds;
    }

    /// Signs any claims, with this `typ` in the header: for tokens that must be refused.
    ///
    /// # Errors
    ///
    /// When signing fails.
    pub fn sign(&self, typ: &str, claims: &Value) -> io::Result<String> {
        lock(&self.world).sign(typ, claims)
    }

    /// Makes the token that tells a client that a session has ended (OpenID Connect back-channel
    /// logout), for the test to post to the client.
    ///
    /// # Errors
    ///
    /// When signing fails.
    pub fn logout_token(
        &self,
        client_id: &str,
        subject: Option<&str>,
        sid: Option<&str>,
    ) -> io::Result<String> {
        lock(&self.world).logout_token(client_id, subject, sid)
    }
}

fn owned(scopes: &[&str]) -> Vec<String> {
    scopes.iter().copied().map(str::to_owned).collect()
}

/// A panic of a test leaves the state whole: it is changed in one go.
fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for MockAuthServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockAuthServer")
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
    }
}
