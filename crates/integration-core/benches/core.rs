//! `cargo bench -p integration-core [-- --quick]`: starts the bench `core` of integration-benches.
//!
//! That bench sets the policies beside a dozen other crates. They would be dev-dependencies of
//! this one, so that each of its tests would wait for them to build, and a reader of its manifest
//! would have to tell what it stands on from what it is compared with. A package of its own holds
//! them, and this target only passes the arguments on.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs this binary too, without `--bench`: it built, that is the test.
    if !arguments.iter().any(|word| word == "--bench") {
        return ExitCode::SUCCESS;
    }
    let status = Command::new(env!("CARGO"))
        .args([
            "bench",
            "--package",
            "integration-benches",
            "--bench",
            "core",
            "--",
        ])
        .args(arguments.iter().filter(|word| *word != "--bench"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
