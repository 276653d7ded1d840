//! The configuration once it is read, resolved and found right.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use integration_core::{SecretString, redact};
use integration_events::RetentionPolicy;
use integration_webhooks::{Scheme, Secret};
use tracing::level_filters::LevelFilter;
use url::Url;

use super::origin::Origins;

/// The store's file in `data_dir`.
pub const STORE_FILE: &str = "integration.sqlite";

/// Everything the gateway needs to know; its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where senders post: `listen`. Default: `127.0.0.1:8787`.
    pub listen: SocketAddr,
    /// Where operators look: `admin_listen`. Default: `127.0.0.1:8788`.
    pub admin_listen: SocketAddr,
    /// What the admin interface asks for: `admin_token`; must be set beyond loopback.
    pub admin_token: Option<SecretString>,
    /// Folder of the store: `data_dir`. Default: `./integration-data`.
    pub data_dir: PathBuf,
    /// What is logged: `log`, `"off"` to `"trace"`. Default: info.
    pub log: LevelFilter,
    /// What one request may cost.
    pub limits: LimitsConfig,
    /// How events are stored.
    pub store: StoreConfig,
    /// How events are delivered.
    pub delivery: DeliveryConfig,
    /// How long what is finished is kept.
    pub retention: RetentionConfig,
    /// Who sends: `[sources.NAME]`, in the order of their names.
    pub sources: Vec<SourceConfig>,
    /// Where it goes: `[[routes]]`, in the order of the file.
    pub routes: Vec<RouteConfig>,
    /// Where each value came from, for [`resolved_toml`](Self::resolved_toml).
    pub origins: Origins,
}

/// What one request may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Bytes of a body at most: `max_body_bytes`, 1 to 8 MiB. Default: 1 MiB.
    pub body_bytes: usize,
    /// Bytes of the head at most: `max_header_bytes`, 8 KiB to 256 KiB. Default: 32 KiB.
    pub header_bytes: usize,
    /// Connections at once: `max_connections`. Default: 1,024.
    pub connections: usize,
    /// Time to send the head: `head_timeout_ms`. Default: 10 s.
    pub head_timeout: Duration,
    /// Time to send the body: `body_timeout_ms`. Default: 20 s.
    pub body_timeout: Duration,
}

/// How events are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// What shares a commit: `store.commit`, `"group"` or `"event"`. Default: group.
    pub commit: Commit,
    /// Whether a commit waits for the disk: `store.synchronous`, `"full"` or `"normal"`. Default: full.
    pub is_synchronous_full: bool,
    /// Events that may wait to be stored; more are answered as overload: `queue_limit`. Default: 8,192.
    pub queue_limit: usize,
    /// Bytes the store may grow to: `max_store_bytes`. Default: as many as the disk has.
    pub max_bytes: Option<u64>,
}

/// What shares a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// All that waits.
    Group,
    /// Each event alone; only to measure what group commit is worth.
    Event,
}

/// How events are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryConfig {
    /// Deliveries at once over all routes: `max_in_flight`. Default: 256.
    pub max_in_flight: usize,
    /// How long a worker may be silent before its deliveries are given to another: `lease_ms`. Default: 30 s.
    pub lease: Duration,
    /// How long a shutdown waits for what is under way: `shutdown_grace_ms`. Default: 10 s.
    pub shutdown_grace: Duration,
}

/// How long what is finished is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionConfig {
    /// `retention_done_s` (7 days), `retention_dead_s` (30 days), `retention_keys_s` (90 days).
    pub policy: RetentionPolicy,
    /// How often it is looked after: `retention_every_s`. Default: 1 hour.
    pub every: Duration,
}

/// One sender: `[sources.NAME]`.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// The path's last part: `POST /in/NAME`.
    pub name: Arc<str>,
    /// How it signs: `scheme`, and `hmac` for the generic one.
    pub scheme: Scheme,
    /// `secrets`, each `env:NAME` or `file:PATH`; several during a rotation.
    pub secrets: Vec<Secret>,
    /// How far its clock may be off: `tolerance_s`. Default: 300 s.
    pub tolerance: Duration,
}

/// One destination: `[[routes]]`; its `Debug` shows neither secret nor query.
#[derive(Clone)]
pub struct RouteConfig {
    /// Unique name.
    pub name: Arc<str>,
    /// The source whose events it takes.
    pub source: Arc<str>,
    /// Types it takes, with `*` for any text: `events`. Default: all.
    pub events: Vec<String>,
    /// Where to post.
    pub url: Url,
    /// What to sign with, as Standard Webhooks.
    pub secret: Option<SecretString>,
    /// JSON pointer to the value whose events must stay in order.
    pub order_by: Option<String>,
    /// Attempts before an event is a dead letter: `max_attempts`, 1 to 1,000. Default: 8.
    pub max_attempts: u16,
    /// Time for one attempt: `timeout_ms`. Default: 30 s.
    pub timeout: Duration,
    /// Deliveries at once: `max_in_flight`. Default: 16.
    pub max_in_flight: usize,
    /// Wait after the first failure: `backoff_base_ms`. Default: 5 s. Doubles each time.
    pub backoff_base: Duration,
    /// Longest wait: `backoff_cap_ms`. Default: 12 h.
    pub backoff_cap: Duration,
}

impl Config {
    /// Returns the store's file.
    #[must_use]
    pub fn store_path(&self) -> PathBuf {
        self.data_dir.join(STORE_FILE)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)),
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8788)),
            admin_token: None,
            data_dir: PathBuf::from("./integration-data"),
            log: LevelFilter::INFO,
            limits: LimitsConfig::default(),
            store: StoreConfig::default(),
            delivery: DeliveryConfig::default(),
            retention: RetentionConfig::default(),
            sources: Vec::new(),
            routes: Vec::new(),
            origins: Origins::default(),
        }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            header_bytes: 32 * 1024,
            connections: 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(20),
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            commit: Commit::Group,
            is_synchronous_full: true,
            queue_limit: 8192,
            max_bytes: None,
        }
    }
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            max_in_flight: 256,
            lease: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self {
            policy: RetentionPolicy::default(),
            every: Duration::from_secs(60 * 60),
        }
    }
}

impl RouteConfig {
    /// Takes every event of a source to a destination, unsigned and in any order.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, source: impl Into<Arc<str>>, url: Url) -> Self {
        Self {
            name: name.into(),
            source: source.into(),
            events: vec!["*".to_owned()],
            url,
            secret: None,
            order_by: None,
            max_attempts: 8,
            timeout: Duration::from_secs(30),
            max_in_flight: 16,
            backoff_base: Duration::from_secs(5),
            backoff_cap: Duration::from_secs(12 * 60 * 60),
        }
    }
}

impl fmt::Debug for RouteConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteConfig")
            .field("name", &self.name)
            .field("source", &self.source)
            .field("events", &self.events)
            .field("url", &redact::url(self.url.as_str()))
            .field("secret", &self.secret)
            .field("order_by", &self.order_by)
            .field("max_attempts", &self.max_attempts)
            .field("timeout", &self.timeout)
            .field("max_in_flight", &self.max_in_flight)
            .field("backoff_base", &self.backoff_base)
            .field("backoff_cap", &self.backoff_cap)
            .finish()
    }
}
