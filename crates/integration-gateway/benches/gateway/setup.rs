//! A gateway with a fresh store, configured for one variant.

use std::{fs, path::Path, process::Command};

use crate::{child::Server, requests, slow_fsync::Preload};

/// Variable the gateway reads the secret from.
const SECRET_NAME: &str = "BENCH_STRIPE_SECRET";

/// What makes one gateway differ from another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variant {
    /// Name of the folder of its store.
    pub(crate) name: &'static str,
    /// One commit an event, to show what group commit brings.
    pub(crate) commit_per_event: bool,
    /// Where to deliver; no route without.
    pub(crate) deliver_to: Option<String>,
    /// Variables that slow its fsync down.
    pub(crate) preload: Preload,
}

/// The program under test, built by cargo with the bench profile: release, plus line tables.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_integration-gateway");

/// Starts a gateway with its configuration and store under `folder`.
pub(crate) fn gateway(folder: &Path, variant: &Variant) -> Server {
    let home = folder.join(variant.name);
    fs::create_dir_all(&home).unwrap();
    let config = home.join("integration-gateway.toml");
    fs::write(&config, toml(&home.join("data"), variant)).unwrap();
    let mut command = Command::new(PROGRAM);
    command
        .args(["serve", "--config"])
        .arg(&config)
        .env(SECRET_NAME, requests::SECRET)
        .envs(variant.preload.iter().cloned());
    Server::spawn(&mut command)
}

fn toml(data_dir: &Path, variant: &Variant) -> String {
    let commit = if variant.commit_per_event {
        "event"
    } else {
        "group"
    };
    let route = variant.deliver_to.as_ref().map_or_else(String::new, |url| {
        format!("[[routes]]\nname = \"sink\"\nsource = \"stripe\"\nurl = \"{url}\"\n")
    });
    format!(
        r#"
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
data_dir = {data_dir:?}
[store]
commit = "{commit}"
[sources.stripe]
scheme = "stripe"
secrets = ["env:{SECRET_NAME}"]
{route}"#
    )
}

/// Returns the size of the program in MB (10^6) as it ships, which is without symbols.
pub(crate) fn program_mb(folder: &Path) -> f64 {
    let stripped = folder.join("stripped");
    let done = Command::new("strip")
        .arg("-o")
        .arg(&stripped)
        .arg(PROGRAM)
        .status();
    let shipped = if done.is_ok_and(|status| status.success()) {
        stripped
    } else {
        PROGRAM.into()
    };
    fs::metadata(shipped).unwrap().len() as f64 / 1e6
}
