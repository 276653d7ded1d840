//! The gateway as a process of its own.

use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, OnceLock},
    time::Duration,
};

use parking_lot::Mutex;
use tempfile::TempDir;

use crate::{client::Client, config::Config, config::workspace, wait};

mod output;

use output::Lines;

/// Longest time a gateway may take to listen: a debug build on a machine with other work.
const STARTS_WITHIN: Duration = Duration::from_secs(20);

/// Configuration and store of a gateway, kept over restarts; removed when dropped.
#[derive(Debug)]
pub struct Setup {
    folder: TempDir,
    data_dir: PathBuf,
    top: String,
    tables: String,
    secrets: Vec<(String, String)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}

impl Setup {
    /// Creates a configuration without sources, on free ports, with a store of its own.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            data_dir: folder.path().join("data"),
            folder,
            top: String::new(),
            tables: String::new(),
            secrets: Vec::new(),
        }
    }

    /// Puts the store elsewhere.
    #[must_use]
    pub fn with_data_dir(mut self, data_dir: impl Into<PathBuf>) -> Self {
        self.data_dir = data_dir.into();
        self
    }

    /// Sets a key at the top of the file, such as `max_store_bytes`; the last word counts.
    pub fn set(&mut self, key: &str, value: impl std::fmt::Display) {
        let start = format!("{key} = ");
        let kept = self.top.lines().filter(|line| !line.starts_with(&start));
        self.top = kept.fold(String::new(), |top, line| top + line + "\n");
        writeln!(self.top, "{start}{value}").unwrap();
    }

    /// Adds a source with one secret.
    #[must_use]
    pub fn with_source(mut self, name: &str, scheme: &str, secret: &str) -> Self {
        let variable = self.keep_secret(name, secret);
        self.tables +=
            &format!("[sources.{name}]\nscheme = \"{scheme}\"\nsecrets = [\"env:{variable}\"]\n");
        self
    }

    /// Adds a route; `more` are further lines of its table.
    #[must_use]
    pub fn with_route(mut self, name: &str, source: &str, url: &str, more: &str) -> Self {
        self.tables += &format!(
            "[[routes]]\nname = \"{name}\"\nsource = \"{source}\"\nurl = \"{url}\"\n{more}\n"
        );
        self
    }

    /// Keeps a secret for the environment of the gateway and returns the name of its variable.
    pub fn keep_secret(&mut self, name: &str, secret: &str) -> String {
        let variable = format!("E2E_{}_SECRET", name.to_uppercase());
        self.secrets.push((variable.clone(), secret.to_owned()));
        variable
    }

    /// Returns the folder of the store.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Starts the gateway and waits until it listens.
    pub async fn start(&self) -> Gateway {
        let child = self
            .command(&["serve"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("gateway starts");
        Gateway::of(child).await
    }

    /// Runs another command of the program to its end, beside a running gateway or without one.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .output()
            .expect("gateway's command runs")
    }

    /// Lists the dead letters with `dead list --json`.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<serde_json::Value> {
        let output = self.run(&["dead", "list", "--json"]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lines = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
        lines
            .map(|line| line.expect("a dead letter in JSON"))
            .collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let file = self.folder.path().join("integration-gateway.toml");
        fs::write(&file, self.file()).unwrap();
        let mut command = Command::new(program());
        command
            .args(arguments)
            .arg("--config")
            .arg(file)
            .envs(self.secrets.iter().cloned());
        command
    }

    fn file(&self) -> String {
        format!(
            "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\ndata_dir = {:?}\n{}{}",
            self.data_dir, self.top, self.tables
        )
    }
}

/// A running gateway; killed when dropped. When the test fails its stderr is shown.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    stderr: Arc<Mutex<Lines>>,
    public: SocketAddr,
    admin: SocketAddr,
}

impl Gateway {
    async fn of(mut child: Child) -> Self {
        let stderr = output::collect(child.stderr.take().unwrap());
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        // Made before it listens, so that a gateway which never does is killed and shown, too.
        let mut gateway = Self {
            child,
            stderr,
            public: unknown,
            admin: unknown,
        };
        let listening = || gateway.stderr.lock().listening().is_some();
        wait::until("the gateway listens", STARTS_WITHIN, listening).await;
        let found = gateway.stderr.lock().listening();
        (gateway.public, gateway.admin) = found.unwrap();
        gateway
    }

    /// Returns the address senders post to.
    #[must_use]
    pub fn public(&self) -> SocketAddr {
        self.public
    }

    /// Returns the address of health, metrics and the API.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Returns the process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks `/readyz` and returns the status; 0 where nothing answers.
    pub async fn readiness(&self) -> u16 {
        let answer = Client::new(self.admin).get("/readyz").await;
        answer.map_or(0, |answer| answer.status)
    }

    /// Kills it at once, as a power cut does (`SIGKILL`).
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop (`SIGTERM`) and waits for its end, at most `within`.
    pub async fn stop(mut self, within: Duration) -> ExitStatus {
        let sent = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
        let mut ended = None;
        wait::until("the gateway stops", within, || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        ended.unwrap()
    }
}

impl Drop for Gateway {
    #[expect(clippy::print_stderr, reason = "shown when a test fails")]
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("gateway's stderr:\n{}", self.stderr.lock());
        }
    }
}

/// Returns the program under test, built when first asked for.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| Config::from_env().gateway_bin.unwrap_or_else(build))
}

/// Builds the gateway with the profile of these tests and returns where cargo put it.
fn build() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--package", "integration-gateway"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace());
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
    assert!(output.status.success(), "the gateway does not build");
    let messages = String::from_utf8(output.stdout).unwrap();
    let built = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    built.expect("cargo names the program")
}
