//! A gateway as a process of its own, and a client that can also send what no library would.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    thread::JoinHandle,
    time::Duration,
};

use integration_core::{Clock as _, SecretString, SystemClock};
use integration_webhooks::{
    Scheme,
    sign::{SignRequest, sign},
};
use tempfile::TempDir;

/// Signs for every source of these tests; long enough for each scheme, and nobody's key.
pub(crate) const SECRET: &str = "a-text-that-signs";

/// Longest time a gateway may take to listen, or an answer to come: other tests run as well.
const WITHIN: Duration = Duration::from_secs(20);

/// A source each for a scheme that signs with any text.
pub(crate) const SOURCES: &str = "
[sources.github]
scheme = \"github\"
secrets = [\"env:TEST_SECRET\"]
[sources.slack]
scheme = \"slack\"
secrets = [\"env:TEST_SECRET\"]
";

/// A folder with a configuration on free ports.
pub(crate) struct Place(pub(crate) TempDir);

/// A running gateway, killed when dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
    stderr: Option<JoinHandle<String>>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Place {
    /// Writes a configuration: `top` level keys before, tables after.
    pub(crate) fn new(top: &str, tables: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n";
        let ports = if top.contains("listen") { "" } else { ports };
        let text = format!("{ports}{top}\n{tables}");
        fs::write(folder.path().join("integration-gateway.toml"), text).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_integration-gateway"));
        command
            .arg("serve")
            .current_dir(self.path())
            .env_clear()
            .env("TEST_SECRET", SECRET)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// Starts a gateway that must come up.
    pub(crate) fn serve(&self) -> Served {
        let mut child = self.command().spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (listening, told) = mpsc::channel();
        let stderr = std::thread::spawn(move || {
            let mut all = String::new();
            while let Some(Ok(line)) = lines.next() {
                if let Some(addresses) = line.strip_prefix("listening public=") {
                    let _ = listening.send(addresses.to_owned());
                }
                all += &(line + "\n");
            }
            all
        });
        let addresses = told.recv_timeout(WITHIN).unwrap();
        let (public, admin) = addresses.split_once(" admin=").unwrap();
        Served {
            child,
            public: public.parse().unwrap(),
            admin: admin.parse().unwrap(),
            stderr: Some(stderr),
        }
    }

    /// Starts a gateway that must refuse to run, and returns what it says.
    pub(crate) fn refused(&self) -> Output {
        self.command().output().unwrap()
    }
}

impl Served {
    /// Posts a signed body to the source of the same name as the scheme.
    pub(crate) fn post(&self, scheme: &Scheme, body: &[u8]) -> Answer {
        let head = post_head(scheme, body, &format!("content-length: {}\r\n", body.len()));
        exchange(self.public, &[head.as_bytes(), body].concat())
    }

    /// Asks the admin interface.
    pub(crate) fn admin(&self, request: &str, headers: &str) -> Answer {
        exchange(
            self.admin,
            format!("{request} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n")
                .as_bytes(),
        )
    }

    pub(crate) fn stats(&self) -> serde_json::Value {
        serde_json::from_str(&self.admin("GET /api/stats", "").body).unwrap()
    }

    /// Asks it to stop, and returns how it ended and what it said.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        let status = self.child.wait().unwrap();
        (status, self.stderr.take().unwrap().join().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the head of a signed request, up to and with the empty line.
pub(crate) fn post_head(scheme: &Scheme, body: &[u8], more: &str) -> String {
    let request = SignRequest {
        id: "delivery-1",
        timestamp: SystemClock.unix(),
        body,
    };
    let signed = sign(scheme, &SecretString::from(SECRET), &request).unwrap();
    let mut head = format!(
        "POST /in/{} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{more}",
        scheme.name()
    );
    for (name, value) in signed {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    head + "\r\n"
}

/// Sends bytes on a connection of their own and reads what comes back until it is closed.
pub(crate) fn exchange(to: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(WITHIN)).unwrap();
    // What is refused early may be closed before all is sent.
    let _ = stream.write_all(bytes);
    answer(&mut stream)
}

/// Reads an answer to its end; status 0 where there is none.
pub(crate) fn answer(stream: &mut TcpStream) -> Answer {
    let mut all = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut chunk) {
        all.extend_from_slice(&chunk[..read]);
    }
    let text = String::from_utf8_lossy(&all).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}
