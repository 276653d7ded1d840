//! A server as a child process.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, ChildStderr, Command, Stdio},
    thread,
    time::Duration,
};

use integration_core::{Clock as _, SystemClock};

use crate::machine;

/// A child that wrote `listening ..=ADDR` to stderr; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    /// Time from the spawn to that line.
    pub(crate) started_in: Duration,
}

impl Server {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let began = SystemClock.now();
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("child starts");
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let address = wait_for_address(&mut lines);
        let started_in = SystemClock.now() - began;
        // Somebody must read on, or the child blocks on a full pipe.
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                eprintln!("{line}");
            }
        });
        Self {
            child,
            address,
            started_in,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn cpu_time(&self) -> Duration {
        machine::cpu_time(self.child.id())
    }

    pub(crate) fn peak_memory_mb(&self) -> f64 {
        machine::memory_mb(self.child.id(), "VmHWM")
    }

    pub(crate) fn memory_mb(&self) -> f64 {
        machine::memory_mb(self.child.id(), "VmRSS")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads up to the line with the first address, which is the public one.
fn wait_for_address(lines: &mut BufReader<ChildStderr>) -> SocketAddr {
    let mut seen = String::new();
    loop {
        let from = seen.len();
        let read = lines.read_line(&mut seen).expect("child's stderr");
        assert!(read > 0, "the child ended before it listened:\n{seen}");
        let line = &seen.get(from..).unwrap_or_default();
        let Some((_, after)) = line.split_once("public=") else {
            continue;
        };
        if line.contains("listening") {
            return after.split_whitespace().next().unwrap().parse().unwrap();
        }
    }
}
