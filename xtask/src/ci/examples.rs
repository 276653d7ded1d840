//! A crate fresh from `new-service`, and the examples of the root README as doctests, compile and
//! pass: in a workspace of their own below the target folder, as a user would have it.

use std::{fs, io, path::Path};

use super::{Report, cargo};
use crate::{lone, new_service};

/// What a crate whose docs are the root README depends on.
const README_MANIFEST: &str = "[dependencies]
integration-core = { workspace = true, features = [\"http\"] }
serde_json.workspace = true
";

pub(super) fn run(root: &Path) -> Report {
    let target = match lone::target(root) {
        Ok(target) => target,
        Err(output) => return Report::failure(output),
    };
    let lone = Path::new(&target).join("xtask-new-service");
    if let Err(e) = lay_out(root, &lone) {
        return Report::failure(format!("cannot write {}: {e}", lone.display()));
    }
    // The shared target folder, so that nothing but the new crate is built.
    let arguments = [
        "clippy",
        "--quiet",
        "--all-targets",
        "--target-dir",
        &target,
        "--",
        "-Dwarnings",
    ];
    let built = cargo::run(&mut cargo::cargo(&lone, &arguments));
    if built.failed {
        return built;
    }
    let arguments = ["test", "--quiet", "--target-dir", &target];
    cargo::run(&mut cargo::cargo(&lone, &arguments))
}

fn lay_out(root: &Path, lone: &Path) -> io::Result<()> {
    if lone.exists() {
        fs::remove_dir_all(lone)?;
    }
    new_service::write(lone, "sample")?;
    lone::workspace(root, lone)?;
    let lib = ("lib.rs", "#![doc = include_str!(\"../README.md\")]\n");
    lone::package(lone, "readme", README_MANIFEST, lib)?;
    fs::copy(root.join("README.md"), lone.join("crates/readme/README.md"))?;
    for file in ["clippy.toml", "rustfmt.toml"] {
        fs::copy(root.join(file), lone.join(file))?;
    }
    Ok(())
}
