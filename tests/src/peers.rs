//! The official packages of providers, run in Node.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::config::{Config, workspace};

/// A folder with the official Node packages.
#[derive(Debug)]
pub struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// Finds the packages; `None`, with a printed line, where they are missing.
    ///
    /// # Panics
    ///
    /// Where they are missing and `CI=true`.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    pub fn find() -> Option<Self> {
        let config = Config::from_env();
        let folder = config
            .peers_node
            .filter(|path| path.join("node_modules").is_dir());
        if folder.is_none() {
            assert!(
                !config.is_ci,
                "INTEGRATION_PEERS_NODE holds no node_modules"
            );
            eprintln!(
                "skipped: set INTEGRATION_PEERS_NODE to a folder with the packages stripe and standardwebhooks"
            );
        }
        folder.map(|folder| Self { folder })
    }

    /// Runs a script of `tests/peers` with `input` on its standard input and reads its answer.
    #[must_use]
    pub fn run(&self, script: &str, input: &Value) -> Value {
        let mut node = Command::new("node")
            .arg(workspace().join("tests/peers").join(script))
            .env("INTEGRATION_PEERS_NODE", &self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let mut stdin = node.stdin.take().unwrap();
        stdin.write_all(input.to_string().as_bytes()).unwrap();
        drop(stdin);
        let output = node.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{script} failed: {}",
            output.status
        );
        serde_json::from_slice(&output.stdout).expect("the script answers in JSON")
    }
}
