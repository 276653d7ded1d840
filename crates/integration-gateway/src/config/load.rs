//! From file, environment and command line to a [`Config`].

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use integration_core::{Error, ErrorKind, Result};
use toml::{Table, Value};
use tracing::level_filters::LevelFilter;

use super::{
    environment::{self, Environment},
    file, keys,
    model::{Commit, Config, LimitsConfig},
    origin::{Origin, Origins},
    route,
    section::{Section, fault},
    source::{self, SecretReader},
};

/// The file that is read if no other is named.
pub const DEFAULT_FILE: &str = "integration-gateway.toml";

/// Bytes of a configuration file at most.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

const DAY_S: u64 = 24 * 60 * 60;
const TEN_YEARS_S: u64 = 3650 * DAY_S;
const TEN_MINUTES_MS: u64 = 10 * 60 * 1000;
const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `--config`: the file; else [`DEFAULT_FILE`] of the working directory.
    pub file: Option<PathBuf>,
    /// `--data-dir`: wins over file and environment.
    pub data_dir: Option<PathBuf>,
}

/// Whether secrets are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrets {
    /// They are read; what cannot be read is an error.
    Read,
    /// They stay where they are; for commands that only look at the store.
    Left,
}

impl Config {
    /// Reads and checks file and environment; there is no need for a source.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the key, variable or file and the rule it breaks. No value of
    /// a secret is in it.
    pub fn load(given: &Given, environment: &Environment) -> Result<Self> {
        load(given, environment, Secrets::Read)
    }

    /// Does what [`load`](Self::load) does but leaves the secrets where they are, so that the
    /// store can be looked at without them.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), except for secrets that cannot be read.
    pub fn load_without_secrets(given: &Given, environment: &Environment) -> Result<Self> {
        load(given, environment, Secrets::Left)
    }

    /// Refuses a configuration that can receive nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is no source.
    pub fn require_sources(&self) -> Result<()> {
        if self.sources.is_empty() {
            let message = "there is no source, so nothing can be received; add one, such as \
                 [sources.stripe] with scheme = \"stripe\" and \
                 secrets = [\"env:STRIPE_WEBHOOK_SECRET\"]";
            return Err(fault(&self.origins, message));
        }
        Ok(())
    }
}

fn load(given: &Given, environment: &Environment, secrets: Secrets) -> Result<Config> {
    let has_others = environment.overrides().next().is_some() || given.data_dir.is_some();
    let (mut table, mut origins) = read(given.file.as_deref(), has_others)?;
    environment::overlay(environment, &mut table, &mut origins)?;
    if let Some(data_dir) = &given.data_dir {
        let text = data_dir.to_string_lossy().into_owned();
        table.insert("data_dir".to_owned(), Value::String(text));
        origins.set("data_dir", Origin::Option("--data-dir"));
    }
    let mut noted = origins.clone();
    let mut config = top(&table, &origins, secrets, environment, &mut noted)?;
    config.origins = noted;
    if let Some(data_dir) = &given.data_dir {
        // As it is: what went into the table is lossy where a path is not UTF-8.
        config.data_dir.clone_from(data_dir);
    }
    Ok(config)
}

/// Reads the file; without one an empty table, if something else was said.
fn read(named: Option<&Path>, has_others: bool) -> Result<(Table, Origins)> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let shown = path.display().to_string();
    let cannot = |why: String| Error::new(ErrorKind::Config, "gateway.config").with_message(why);
    let text = match file::read(path, MAX_FILE_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => {
            if has_others {
                return Ok((Table::new(), Origins::default()));
            }
            return Err(cannot(format!(
                "there is no ./{DEFAULT_FILE}; name another file with --config FILE, write one as \
                 `integration-gateway check --help` shows, or see it work without one: \
                 `integration-gateway demo`"
            )));
        }
        Err(error) => return Err(cannot(format!("{shown} cannot be read: {error}"))),
    };
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let (line, column) = place(&text, error.span().map_or(0, |span| span.start));
        let what = error.message();
        cannot(format!(
            "{shown} is not TOML: line {line}, column {column}: {what}"
        ))
    })?;
    let mut origins = Origins::new(Some(shown));
    origins.note_file(&table, "");
    Ok((table, origins))
}

/// Returns line and column of an offset, both from 1.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

fn top(
    table: &Table,
    origins: &Origins,
    secrets: Secrets,
    environment: &Environment,
    noted: &mut Origins,
) -> Result<Config> {
    let top = Section::new(table, "", keys::TOP, origins)?;
    let mut reader = SecretReader {
        secrets,
        environment,
        noted,
    };
    let mut config = Config::default();
    let address = "an address and a port such as \"127.0.0.1:8787\"";
    config.listen = top.parsed("listen", address)?.unwrap_or(config.listen);
    config.admin_listen = top
        .parsed("admin_listen", address)?
        .unwrap_or(config.admin_listen);
    config.admin_token = reader.one(&top, "admin_token")?;
    check_admin(&top, config.admin_listen)?;
    if let Some(data_dir) = top.text("data_dir")? {
        if data_dir.is_empty() {
            return Err(top.fault("data_dir", "must name a folder"));
        }
        config.data_dir = PathBuf::from(data_dir);
    }
    config.log = top.word("log", &LEVELS, config.log)?;
    limits(&top, &mut config.limits)?;
    store(&top, origins, &mut config)?;
    top.count(
        "max_in_flight",
        1..=10_000,
        &mut config.delivery.max_in_flight,
    )?;
    top.millis(
        "lease_ms",
        1000..=6 * TEN_MINUTES_MS,
        &mut config.delivery.lease,
    )?;
    top.millis(
        "shutdown_grace_ms",
        0..=TEN_MINUTES_MS,
        &mut config.delivery.shutdown_grace,
    )?;
    let retention = &mut config.retention;
    top.seconds(
        "retention_done_s",
        1..=TEN_YEARS_S,
        &mut retention.policy.done,
    )?;
    top.seconds(
        "retention_dead_s",
        1..=TEN_YEARS_S,
        &mut retention.policy.dead,
    )?;
    top.seconds(
        "retention_keys_s",
        1..=TEN_YEARS_S,
        &mut retention.policy.keys,
    )?;
    top.seconds("retention_every_s", 1..=DAY_S, &mut retention.every)?;
    config.sources = source::sources(&top, origins, &mut reader)?;
    config.routes = route::routes(&top, origins, &mut reader, &config.sources)?;
    Ok(config)
}

fn check_admin(top: &Section<'_>, listen: SocketAddr) -> Result<()> {
    if listen.ip().is_loopback() || top.value("admin_token").is_some() {
        return Ok(());
    }
    Err(top.fault(
        "admin_listen",
        "is beyond loopback, where everyone on the network may ask: set \
         admin_token = \"env:NAME\", or listen on 127.0.0.1",
    ))
}

fn limits(top: &Section<'_>, limits: &mut LimitsConfig) -> Result<()> {
    const KIB: u64 = 1024;
    top.count("max_body_bytes", 1..=8 * KIB * KIB, &mut limits.body_bytes)?;
    top.count(
        "max_header_bytes",
        8 * KIB..=256 * KIB,
        &mut limits.header_bytes,
    )?;
    top.count("max_connections", 1..=65_536, &mut limits.connections)?;
    top.millis(
        "head_timeout_ms",
        1..=TEN_MINUTES_MS,
        &mut limits.head_timeout,
    )?;
    top.millis(
        "body_timeout_ms",
        1..=TEN_MINUTES_MS,
        &mut limits.body_timeout,
    )
}

fn store(top: &Section<'_>, origins: &Origins, config: &mut Config) -> Result<()> {
    const MIB: u64 = 1024 * 1024;
    top.count("queue_limit", 1..=1_000_000, &mut config.store.queue_limit)?;
    config.store.max_bytes = top.number("max_store_bytes", MIB..=1 << 46)?;
    let Some(table) = top.table("store")? else {
        return Ok(());
    };
    let store = Section::new(table, "store", keys::STORE, origins)?;
    let commits = [("group", Commit::Group), ("event", Commit::Event)];
    config.store.commit = store.word("commit", &commits, Commit::Group)?;
    let waits = [("full", true), ("normal", false)];
    config.store.is_synchronous_full = store.word("synchronous", &waits, true)?;
    Ok(())
}
