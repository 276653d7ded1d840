//! A process of a test: the test binary once more, with something to do.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use integration_core::{ExposeSecret as _, config::process_env};
use integration_oauth::manager::Unusable;
use tokio::{sync::mpsc, time::timeout};

use super::shared::{Shared, key};

/// Says what the process shall do.
const VARIABLE: &str = "OAUTH_LIFECYCLE_CHILD";

/// How long a process may take for what it says next.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// A running process, and the lines that it says.
pub(super) struct Process {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Process {
    /// Runs this test once more, as a process that asks for tokens.
    pub(super) fn start(test: &str, shared: &Shared) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(VARIABLE, serde_json::to_string(shared).unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        Self { child, lines }
    }

    /// Waits for the next line of this kind, and returns the rest of it.
    pub(super) async fn next(&mut self, kind: &str) -> String {
        let wanted = async {
            loop {
                let line = self.lines.recv().await.expect("the process says no more");
                if let Some((said, rest)) = line.split_once(' ')
                    && said == kind
                {
                    return rest.to_owned();
                }
            }
        };
        timeout(PATIENCE, wanted)
            .await
            .expect("the process says nothing")
    }

    /// Reads what is said to the end: kind and rest of each line.
    pub(super) async fn rest(mut self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        let lines = async {
            while let Some(line) = self.lines.recv().await {
                if let Some((kind, rest)) = line.split_once(' ') {
                    all.push((kind.to_owned(), rest.to_owned()));
                }
            }
        };
        timeout(PATIENCE, lines)
            .await
            .expect("the process does not end");
        all
    }

    /// Ends it with SIGKILL.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says a line at once and whole, so that lines do not mix.
pub(super) fn say(words: &[&str]) {
    let line = format!("\n{}\n", words.join(" "));
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// In a process that a test started, asks for tokens with as many callers as it was told, and says
/// what each got. `true` there, and nothing else is to be done.
pub(super) async fn is_child() -> bool {
    let Some(told) = process_env(VARIABLE) else {
        return false;
    };
    let shared: Shared = serde_json::from_str(&told).unwrap();
    let oauth = shared.oauth().await;
    let tokens = oauth.tokens(&key()).unwrap();
    say(&["began", "asking"]);
    let callers: Vec<_> = (0..shared.callers)
        .map(|_| {
            let tokens = tokens.clone();
            tokio::spawn(async move { tokens.get().await })
        })
        .collect();
    for caller in callers {
        match caller.await.unwrap() {
            Ok(token) => say(&["token", token.secret().expose_secret()]),
            Err(error) => match error.provider::<Unusable>() {
                Some(unusable) => say(&["unusable", &format!("{:?}", unusable.state)]),
                None => say(&["error", &error.to_string()]),
            },
        }
    }
    oauth.shutdown().await;
    true
}
