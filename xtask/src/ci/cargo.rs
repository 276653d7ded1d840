//! The steps that are one call of cargo.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use super::{Report, counts::Counts};

/// Cargo, below `root`, with plain output.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .env("CARGO_TERM_COLOR", "never");
    command
}

/// Runs a command; its output is both streams, the errors last.
pub(crate) fn run(command: &mut Command) -> Report {
    match command.output() {
        Ok(done) => Report {
            failed: !done.status.success(),
            output: [done.stdout, done.stderr]
                .iter()
                .map(|o| String::from_utf8_lossy(o))
                .collect(),
            ..Report::default()
        },
        Err(e) => Report::failure(format!(
            "cannot start {}: {e}",
            command.get_program().display()
        )),
    }
}

/// What a call of cargo prints, or why it failed.
pub(crate) fn answer(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let report = run(cargo(root, arguments).arg("--quiet"));
    if report.failed {
        Err(report.output)
    } else {
        Ok(report.output)
    }
}

pub(super) fn fmt(root: &Path) -> Report {
    run(&mut cargo(root, &["fmt", "--all", "--check"]))
}

pub(super) fn clippy(root: &Path) -> Report {
    let arguments = [
        "clippy",
        "--keep-going",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--quiet",
        "--",
        "-Dwarnings",
    ];
    run(&mut cargo(root, &arguments))
}

pub(super) fn tests(root: &Path) -> Report {
    let arguments = [
        "test",
        "--workspace",
        "--all-features",
        "--lib",
        "--bins",
        "--tests",
        "--no-fail-fast",
    ];
    counted(cargo(root, &arguments))
}

pub(super) fn doctests(root: &Path) -> Report {
    counted(cargo(
        root,
        &[
            "test",
            "--workspace",
            "--all-features",
            "--doc",
            "--no-fail-fast",
        ],
    ))
}

pub(super) fn docs(root: &Path) -> Report {
    let arguments = [
        "doc",
        "--workspace",
        "--all-features",
        "--no-deps",
        "--quiet",
    ];
    run(cargo(root, &arguments).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Before the steps that would change the file.
pub(super) fn lockfile(root: &Path) -> Report {
    run(&mut cargo(
        root,
        &["tree", "--workspace", "--locked", "--depth=0", "--quiet"],
    ))
}

fn counted(mut command: Command) -> Report {
    let mut report = run(&mut command);
    let (counts, lines) = Counts::read(&report.output);
    report.counts = counts;
    report.lines = lines;
    report
}
