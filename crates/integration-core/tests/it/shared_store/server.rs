//! The Redis of the tests.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use integration_core::{
    Clock, SecretString, SystemClock,
    config::process_env,
    shared_store::{RedisConfig, RedisStore},
};

/// Says why a test does nothing, past the capture of the test runner; fails it in CI.
fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
    assert!(process_env("CI").as_deref() != Some("true"), "{why}");
}

/// A Redis, and what the keys of this test begin with.
pub(super) struct Redis {
    pub(super) url: String,
    pub(super) prefix: String,
    address: SocketAddr,
    /// The server of this test alone, killed with it.
    child: Option<Child>,
    options: Vec<String>,
}

impl Redis {
    fn at(url: String, address: SocketAddr) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Runs of this test must not meet, neither now nor later.
        let unix = SystemClock.unix().as_micros();
        let prefix = format!("it:{}:{unix}:{number}:", std::process::id());
        Self {
            url,
            prefix,
            address,
            child: None,
            options: Vec::new(),
        }
    }

    /// Returns the Redis that is running, with a memory that reaches back. Without one it starts
    /// one, unless `REDIS_URL` names it; where that fails too, it skips.
    pub(super) fn running() -> Option<Self> {
        let named = process_env("REDIS_URL");
        let url = named.as_deref().unwrap_or("redis://127.0.0.1:6379");
        let host = url.trim_start_matches("redis://").trim_end_matches('/');
        let address = host.to_socket_addrs().ok().and_then(|mut all| all.next());
        let second = Duration::from_secs(1);
        let reached = address.filter(|address| TcpStream::connect_timeout(address, second).is_ok());
        let redis = match (reached, &named) {
            (Some(address), _) => Self::at(url.to_owned(), address),
            (None, None) => Self::private(&[])?,
            (None, Some(_)) => {
                skip("no Redis at REDIS_URL, which must be redis://host:port");
                return None;
            }
        };
        redis.remembers_a_week();
        Some(redis)
    }

    /// Starts a Redis of this test alone on a free port, or skips.
    pub(super) fn private(options: &[&str]) -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let Some(child) = spawn(address, &options) else {
            skip("no Redis at 127.0.0.1:6379 or none of this test's own: no redis-server in PATH");
            return None;
        };
        let mut redis = Self::at(format!("redis://{address}"), address);
        (redis.child, redis.options) = (Some(child), options);
        Some(redis)
    }

    /// Kills the private server as a crash would.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts the private server again on its port, without its data.
    pub(super) fn start_again(&mut self) {
        self.child = spawn(self.address, &self.options);
    }

    /// Makes the memory of the store old enough to give bursts.
    pub(super) fn remembers_a_week(&self) {
        let week = Duration::from_secs(7 * 24 * 3_600);
        let born = (SystemClock.unix() - week).as_micros();
        self.command(&format!("SET {}born: {born} PX 3600000", self.prefix));
    }

    pub(super) fn config(&self) -> RedisConfig {
        RedisConfig::new(SecretString::from(self.url.clone())).with_prefix(&*self.prefix)
    }

    pub(super) fn store(&self) -> RedisStore {
        RedisStore::new(self.config()).unwrap()
    }

    /// Sends one inline command and returns the first line of the answer.
    pub(super) fn command(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        assert!(!line.starts_with("-ERR"), "{command}: {line}");
        line.trim_end().to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a server and waits until it answers; `None` where there is no such program.
fn spawn(address: SocketAddr, options: &[String]) -> Option<Child> {
    let port = address.port().to_string();
    let fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    let child = Command::new("redis-server")
        .args(fixed)
        .args(["--port", &port])
        .args(options)
        .stdout(Stdio::null())
        .spawn()
        .ok()?;
    let give_up = SystemClock.now() + Duration::from_secs(5);
    while TcpStream::connect(address).is_err() {
        assert!(SystemClock.now() < give_up, "redis-server does not listen");
        std::thread::yield_now();
    }
    Some(child)
}
