//! The official packages of providers, and stand-ins that others made, run in Node and Python.

use std::{
    io::Write as _,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tokio::net::TcpStream;

use crate::{
    config::{Config, workspace},
    wait,
};

/// How long a server may take to listen, on a machine that does much else.
const START: Duration = Duration::from_secs(60);

/// The packages of one language, and the program that runs them.
#[derive(Debug)]
pub struct Peers {
    program: PathBuf,
    folder: PathBuf,
}

impl Peers {
    /// Finds the Node packages; `None`, with a printed line, where they are missing.
    ///
    /// # Panics
    ///
    /// Where they are missing and `CI=true`.
    #[must_use]
    pub fn find() -> Option<Self> {
        let folder = Config::from_env().peers_node;
        let found = folder.filter(|path| path.join("node_modules").is_dir());
        let missing = "INTEGRATION_PEERS_NODE to a folder whose node_modules has the packages";
        found_or_skipped(found, missing).map(|folder| Self {
            program: "node".into(),
            folder,
        })
    }

    /// Finds the Python packages, in the same way.
    ///
    /// # Panics
    ///
    /// Where they are missing and `CI=true`.
    #[must_use]
    pub fn find_python() -> Option<Self> {
        let folder = Config::from_env().peers_python;
        let found = folder.filter(|path| path.join("bin/python").exists());
        let missing = "INTEGRATION_PEERS_PYTHON to a virtual environment with the packages";
        found_or_skipped(found, missing).map(|folder| Self {
            program: folder.join("bin/python"),
            folder,
        })
    }

    /// A command that runs a script of `tests/peers`.
    fn command(&self, script: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(workspace().join("tests/peers").join(script))
            .env("INTEGRATION_PEERS_NODE", &self.folder)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// Finds the `node_modules` that hold this package; `None`, with a printed line, where it is
    /// missing.
    ///
    /// # Panics
    ///
    /// Where it is missing and `CI=true`.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    pub fn find_package(name: &str) -> Option<PathBuf> {
        let config = Config::from_env();
        let packages = config.peers_node.map(|folder| folder.join("node_modules"));
        let packages = packages.filter(|packages| packages.join(name).is_dir());
        if packages.is_none() {
            assert!(!config.is_ci, "INTEGRATION_PEERS_NODE lacks {name}");
            eprintln!("skipped: set INTEGRATION_PEERS_NODE to a folder with the package {name}");
        }
        packages
    }

    /// Runs a script of `tests/peers` with `input` on its standard input and reads its answer.
    #[must_use]
    pub fn run(&self, script: &str, input: &Value) -> Value {
        let mut command = self.command(script);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program of the peers runs");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.to_string().as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{script} failed: {}",
            output.status
        );
        serde_json::from_slice(&output.stdout).expect("the script answers in JSON")
    }

    /// Starts a server of these packages on a free port of the loopback.
    pub async fn serve(&self, server: Server) -> Running {
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = match server {
            Server::Localstripe => {
                let mut command = self.command("loopback.py");
                command.args(["localstripe", "--from-scratch", "--port"]);
                command.arg(port.to_string());
                command
            }
            Server::StatefulMock => {
                let mut command = Command::new(&self.program);
                let program = self.folder.join("node_modules/.bin/stripe-stateful-mock");
                let loopback = workspace().join("tests/peers/loopback.cjs");
                command.arg("--require").arg(loopback).arg(program);
                command
                    .env("PORT", port.to_string())
                    .env("LOG_LEVEL", "silent");
                command
            }
        };
        let quiet = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut running = Running {
            child: quiet.spawn().expect("the program of the peers runs"),
            port,
        };
        wait::until_ok("the peer listens", START, async || {
            let ended = running.child.try_wait().unwrap();
            assert!(ended.is_none(), "{server:?} ended: {ended:?}");
            TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
        running
    }
}

/// Stand-ins for Stripe that others made.
#[derive(Clone, Copy, Debug)]
pub enum Server {
    /// `localstripe`, in Python.
    Localstripe,
    /// `stripe-stateful-mock`, in Node.
    StatefulMock,
}

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    port: u16,
}

impl Running {
    /// Returns its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn found_or_skipped(folder: Option<PathBuf>, missing: &str) -> Option<PathBuf> {
    if folder.is_none() {
        assert!(!Config::from_env().is_ci, "set {missing}");
        eprintln!("skipped: set {missing}");
    }
    folder
}
