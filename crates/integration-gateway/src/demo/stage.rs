//! What the demonstration runs on: a folder, a destination, and the gateway between.

use std::{fmt::Write as _, fs, path::Path};

use integration_core::{Error, ErrorKind, Result, SystemClock};
use tempfile::TempDir;

use super::{
    admin::Admin,
    cast::{self, ORDERED, SENDERS},
    destination::Destination,
    pace::Pace,
    sender::Post,
};
use crate::{
    config::{Config, Environment, Given},
    gateway::Gateway,
};

/// Largest body the gateway takes here.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024;
/// Attempts before an event is a dead letter here.
pub(super) const MAX_ATTEMPTS: u16 = 4;

/// Everything that was started, and must be stopped.
pub(super) struct Stage {
    pub(super) gateway: Gateway,
    pub(super) admin: Admin,
    pub(super) post: Post,
    pub(super) destination: Destination,
    /// Last, so that it is removed when nobody uses it any more.
    pub(super) folder: TempDir,
}

impl Stage {
    pub(super) async fn build(pace: Pace) -> Result<Self> {
        let folder = TempDir::with_prefix("integration-gateway-demo-").map_err(fault)?;
        let destination = Destination::start(SystemClock::shared()).await?;
        let file = folder.path().join("integration-gateway.toml");
        let data_dir = folder.path().join("data");
        fs::write(&file, configuration(&destination, &data_dir, pace)).map_err(fault)?;
        let given = Given {
            file: Some(file),
            ..Given::default()
        };
        let config = Config::load(&given, &environment())?;
        let gateway = Gateway::start(config, SystemClock::shared()).await?;
        Ok(Self {
            admin: Admin::new(gateway.admin_addr())?,
            post: Post::new(gateway.public_addr())?,
            gateway,
            destination,
            folder,
        })
    }

    /// Stops everything and removes the folder.
    pub(super) async fn clear(self) -> Result<()> {
        let stopped = self.gateway.stop().await;
        self.destination.stop().await;
        self.folder.close().map_err(fault)?;
        stopped
    }
}

/// The configuration, as a file of anybody's.
fn configuration(destination: &Destination, data_dir: &Path, pace: Pace) -> String {
    let mut file = format!(
        "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\ndata_dir = {}\n\
         max_body_bytes = {MAX_BODY_BYTES}\nlog = \"off\"\n",
        toml::Value::String(data_dir.to_string_lossy().into_owned()),
    );
    let backoff = pace.backoff.as_millis();
    for sender in &SENDERS {
        let name = sender.scheme;
        let ordered = if name == ORDERED.0 {
            format!("order_by = \"{}\"\n", ORDERED.1)
        } else {
            String::new()
        };
        let described = match name {
            "hmac" => "[sources.hmac.hmac]\nid_pointer = \"/id\"\ntype_pointer = \"/type\"\n",
            _ => "",
        };
        // Writing to a string does not fail.
        let _ = write!(
            file,
            "\n[sources.{name}]\nscheme = \"{name}\"\nsecrets = [\"env:{}\"]\n{described}\n\
             [[routes]]\nname = \"{name}\"\nsource = \"{name}\"\nurl = \"http://{}/{name}\"\n\
             secret = \"env:{}\"\n{ordered}max_attempts = {MAX_ATTEMPTS}\n\
             backoff_base_ms = {backoff}\nbackoff_cap_ms = {}\n",
            sender.variable,
            destination.address(),
            cast::ROUTE_VARIABLE,
            backoff * 8,
        );
    }
    file
}

/// The secrets, where the configuration looks for them; nothing of the caller's environment.
fn environment() -> Environment {
    use integration_core::ExposeSecret as _;
    let route = (cast::ROUTE_VARIABLE, cast::route_secret());
    let senders = SENDERS
        .iter()
        .map(|sender| (sender.variable, sender.secret()));
    senders
        .chain([route])
        .map(|(name, secret)| (name, secret.expose_secret().to_owned()))
        .collect()
}

fn fault(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Other, "gateway.demo")
        .with_message("the temporary folder cannot be used")
        .with_source(error)
}
