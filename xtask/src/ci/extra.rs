//! What `cargo xtask ci --full` adds where it is installed.

use std::path::Path;

use super::{Report, Step, cargo, step};

pub(super) const STEPS: [Step; 4] = [
    step(
        "deny",
        "licences, advisories and sources of dependencies (cargo-deny)",
        |root| tool(root, "deny", &["deny", "--all-features", "check"]),
    ),
    step(
        "machete",
        "dependencies that nothing uses (cargo-machete)",
        |root| tool(root, "machete", &["machete"]),
    ),
    step(
        "hack",
        "each crate with every set of features (cargo-hack)",
        |root| {
            tool(
                root,
                "hack",
                &[
                    "hack",
                    "check",
                    "--feature-powerset",
                    "--workspace",
                    "--no-dev-deps",
                ],
            )
        },
    ),
    step(
        "semver-checks",
        "the public API since the last release (cargo-semver-checks)",
        |root| tool(root, "semver-checks", &["semver-checks", "--workspace"]),
    ),
];

/// Runs a cargo subcommand, or says that it is not installed.
fn tool(root: &Path, name: &str, arguments: &[&str]) -> Report {
    if cargo::run(&mut cargo::cargo(root, &[name, "--version"])).failed {
        return Report::skip(format!(
            "cargo-{name} is not installed (cargo install cargo-{name})"
        ));
    }
    cargo::run(&mut cargo::cargo(root, arguments))
}
