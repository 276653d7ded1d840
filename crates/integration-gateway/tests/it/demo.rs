//! `demo`, as a newcomer runs it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// A folder to work in, whose `tmp` is the system's for temporary files.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let this = Self(tempfile::tempdir().unwrap());
        fs::create_dir(this.0.path().join("tmp")).unwrap();
        this
    }

    fn demo(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_integration-gateway"));
        command
            .arg("demo")
            .current_dir(self.0.path())
            .env_clear()
            .env("TMPDIR", self.0.path().join("tmp"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Returns how much was left behind.
    fn left(&self) -> usize {
        fs::read_dir(self.0.path().join("tmp")).unwrap().count()
    }
}

#[test]
fn the_demonstration_adds_up_within_twenty_seconds_and_leaves_nothing() {
    let place = Place::new();
    let start = Instant::now();
    let output = place.demo().output().unwrap();
    let elapsed = start.elapsed();
    let shown = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}{errors}");
    assert!(elapsed < Duration::from_secs(20), "{elapsed:?}");
    assert_eq!(place.left(), 0);
    assert_eq!(errors, "", "nothing is logged into the story");
    assert!(
        !shown.contains('\u{1b}'),
        "no control sequences outside a terminal"
    );
    for part in [
        "tampered           stripe             401  signature does not match",
        "ten minutes old    slack              401  timestamp outside the tolerance",
        "sent again         standard-webhooks  200",
        "too large          github             413",
        "53 of 53 stored, 52 delivered, 24 failed attempts, 1 dead",
        "57 sent = 53 stored + 1 duplicate",
        "53 stored = 52 delivered + 1 dead letter",
        "53 stored = 53 delivered + 0 dead letter",
        "Try next:",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    for scheme in ["stripe", "github", "slack", "standard-webhooks", "hmac"] {
        assert!(
            shown.contains(&format!("\n  {scheme} ")),
            "{scheme}\n{shown}"
        );
    }
    assert!(!shown.contains("WRONG"), "{shown}");
}

#[test]
fn configuration_and_environment_of_the_caller_are_left_alone() {
    let place = Place::new();
    fs::write(
        place.0.path().join("integration-gateway.toml"),
        "no such key = 1",
    )
    .unwrap();
    let mut demo = place.demo();
    demo.arg("--fast")
        .env("INTEGRATION_GATEWAY__LISTEN", "nonsense");
    let output = demo.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    let files = fs::read_dir(place.0.path()).unwrap().count();
    assert_eq!(files, 2, "the file of before and tmp");
}

#[test]
fn interrupted_it_clears_up_and_ends_with_1() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::new();
        let mut demo = place.demo().spawn().unwrap();
        let mut lines = BufReader::new(demo.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("1. ") {
            line.clear();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended early");
        }
        assert_eq!(place.left(), 1);
        let pid = demo.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert_eq!(demo.wait().unwrap().code(), Some(1), "{rest}");
        assert!(rest.contains("interrupted"), "{rest}");
        assert_eq!(place.left(), 0);
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_and_nothing_is_left() {
    let place = Place::new();
    let mut demo = place.demo().spawn().unwrap();
    drop(demo.stdout.take());
    demo.wait().unwrap();
    assert_eq!(place.left(), 0);
}
