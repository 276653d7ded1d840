//! The last lines a gateway wrote to stderr.

use std::{
    collections::VecDeque,
    fmt,
    io::{BufRead as _, BufReader, Read},
    net::SocketAddr,
    sync::Arc,
    thread,
};

use parking_lot::Mutex;

/// Lines kept to be shown when a test fails.
const KEPT: usize = 200;

/// What was written, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Lines {
    last: VecDeque<String>,
    listening: Option<(SocketAddr, SocketAddr)>,
}

impl Lines {
    /// Returns the public and the admin address once they were written.
    pub(super) fn listening(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.listening
    }

    fn push(&mut self, line: String) {
        self.listening = self.listening.or_else(|| addresses(&line));
        self.last.push_back(line);
        if self.last.len() > KEPT {
            self.last.pop_front();
        }
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.last
            .iter()
            .try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// Reads in a thread of its own, so that the gateway never blocks on a full pipe.
pub(super) fn collect(stderr: impl Read + Send + 'static) -> Arc<Mutex<Lines>> {
    let lines = Arc::new(Mutex::new(Lines::default()));
    let kept = Arc::clone(&lines);
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            kept.lock().push(line);
        }
    });
    lines
}

/// Reads `listening public=ADDR admin=ADDR`.
fn addresses(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let after = |key: &str| {
        line.split_once(key)?
            .1
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    };
    line.contains("listening")
        .then(|| Some((after("public=")?, after("admin=")?)))
        .flatten()
}
