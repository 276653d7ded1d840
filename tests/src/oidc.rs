//! A real authorization server: `oidc-provider`, run in Node.

use std::{path::Path, process::Stdio, time::Duration};

use integration_core::{Result, SecretString, http::Client};
use integration_testkit::leaks;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{config::workspace, peers::Peers};

/// Node takes long to start on a machine that is busy.
const START: Duration = Duration::from_secs(60);

/// Where the application under test is, unless [`OidcServer::start_with`] says otherwise.
pub const APP: &str = "http://127.0.0.1:4999";

/// A running authorization server. It ends when it is dropped.
///
/// Its clients are in `tests/peers/oidc/clients.mjs`.
#[derive(Debug)]
pub struct OidcServer {
    issuer: String,
    service_key: SecretString,
    http: Client,
    /// Killed when dropped.
    _process: Child,
    /// The scripts, beside a link to their packages.
    _folder: TempDir,
}

/// Where the browser ended.
#[derive(Clone, Debug)]
pub struct Landing {
    /// The address that it was sent to, or of the last page.
    pub url: String,
    /// What was posted there.
    pub body: Option<String>,
    /// The last page, when the browser never came to the address that it was to stop at.
    pub page: Option<String>,
}

impl OidcServer {
    /// Starts a server on a free port; `None`, with a printed line, where its packages are missing.
    pub async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// Starts a server with variables of `tests/peers/oidc/op.mjs`, such as `("AT_TTL", "5")`.
    ///
    /// # Panics
    ///
    /// When it does not start, and where its packages are missing and `CI=true`.
    pub async fn start_with(variables: &[(&str, &str)]) -> Option<Self> {
        let packages = Peers::find_package("oidc-provider")?;
        leaks::begin();
        let folder = scripts(&packages);
        let mut process = Command::new("node")
            .arg(folder.path().join("op.mjs"))
            .envs(variables.iter().copied())
            .env("PORT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs");
        let output = process.stdout.take().unwrap();
        let mut lines = BufReader::new(output).lines();
        let ready = async {
            loop {
                let line = lines
                    .next_line()
                    .await
                    .unwrap()
                    .expect("the server says READY");
                if let Some(rest) = line.strip_prefix("READY ") {
                    return rest.to_owned();
                }
            }
        };
        let ready = timeout(START, ready)
            .await
            .expect("the server starts in time");
        let (issuer, key) = ready.split_once(' ').unwrap();
        // It says more, and ends if nobody listens.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Some(Self {
            issuer: issuer.to_owned(),
            service_key: key.into(),
            http: Client::builder().build().unwrap(),
            _process: process,
            _folder: folder,
        })
    }

    /// Returns its issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the private key of its client `svc-pkjwt`, as a JWK.
    #[must_use]
    pub fn service_key(&self) -> &SecretString {
        &self.service_key
    }

    async fn control(&self, what: &str, body: &Value) -> Result<Value> {
        let address = format!("{}/__ctl/{what}", self.issuer);
        let request = self
            .http
            .post(&address)
            .json(body)
            .operation("oidc.control");
        request.send().await?.json()
    }

    /// Returns how often each path was called.
    pub async fn hits(&self, path: &str) -> u64 {
        let hits = self.control("stats", &json!({})).await.unwrap();
        hits[path].as_u64().unwrap_or_default()
    }

    /// Forgets hits and faults.
    pub async fn reset(&self) {
        self.control("reset", &json!({})).await.unwrap();
    }

    /// Breaks the next calls of a path: `{path, count, status, body, headers, delayMs, holdMs,
    /// dropAfter}`. `holdMs` executes now and answers late, `dropAfter` executes and does not answer.
    pub async fn fault(&self, fault: Value) {
        self.control("fault", &fault).await.unwrap();
    }

    /// Adds a new signing key, and with `drops` removes the old ones.
    pub async fn rotate_keys(&self, drops: bool) {
        let what = if drops { "rotate?drop=1" } else { "rotate" };
        self.control(what, &json!({})).await.unwrap();
    }

    /// Signs anything with a key of the server: `{kid, header, payload, mode, secret}`.
    pub async fn mint(&self, what: Value) -> String {
        let minted = self.control("mint", &what).await.unwrap();
        minted["jwt"].as_str().unwrap().to_owned()
    }

    /// Sends a browser somewhere, which logs in as `alice`, agrees to everything and stops at an
    /// address that begins with `stop_at`.
    pub async fn browse(&self, url: &str, stop_at: &str) -> Landing {
        self.browse_as(json!({"url": url, "stopAt": stop_at})).await
    }

    /// Sends a browser somewhere: `{url, stopAt, login, abort, browser}`. A browser with a name
    /// keeps its cookies.
    pub async fn browse_as(&self, how: Value) -> Landing {
        let landing = self.control("browse", &how).await.unwrap();
        let text = |name: &str| landing[name].as_str().map(str::to_owned);
        Landing {
            url: text("url").unwrap(),
            body: text("body"),
            page: text("page"),
        }
    }
}

/// The scripts in a folder of their own, where they find their packages.
fn scripts(packages: &Path) -> TempDir {
    let folder = TempDir::new().unwrap();
    for script in std::fs::read_dir(workspace().join("tests/peers/oidc")).unwrap() {
        let script = script.unwrap();
        std::fs::copy(script.path(), folder.path().join(script.file_name())).unwrap();
    }
    let packages = packages.canonicalize().unwrap();
    std::os::unix::fs::symlink(packages, folder.path().join("node_modules")).unwrap();
    folder
}
