//! A crate fresh from `new-service`, and the examples of the root README as doctests, compile and
//! pass: in a workspace of their own below the target folder, as a user would have it.

use std::{fs, io, path::Path};

use super::{Report, cargo};
use crate::new_service;

/// A crate whose docs are the root README.
const README_MANIFEST: &str = "[package]
name = \"readme\"
version.workspace = true
edition.workspace = true
publish = false

[dependencies]
integration-core = { workspace = true, features = [\"http\"] }
serde_json.workspace = true
";

pub(super) fn run(root: &Path) -> Report {
    let target = match target(root) {
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
    let readme = lone.join("crates/readme");
    fs::create_dir_all(readme.join("src"))?;
    fs::write(readme.join("Cargo.toml"), README_MANIFEST)?;
    fs::copy(root.join("README.md"), readme.join("README.md"))?;
    fs::write(
        readme.join("src/lib.rs"),
        "#![doc = include_str!(\"../README.md\")]\n",
    )?;
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    fs::write(
        lone.join("Cargo.toml"),
        new_service::lone_workspace(&manifest, root),
    )?;
    for file in ["Cargo.lock", "clippy.toml", "rustfmt.toml"] {
        fs::copy(root.join(file), lone.join(file))?;
    }
    Ok(())
}

/// The target folder, wherever the environment or a config has put it.
fn target(root: &Path) -> Result<String, String> {
    let metadata = cargo::answer(root, &["metadata", "--no-deps", "--format-version=1"])?;
    let (_, rest) = metadata
        .split_once("\"target_directory\":\"")
        .ok_or("cargo metadata names no target folder")?;
    Ok(rest
        .split('"')
        .next()
        .unwrap_or_default()
        .replace("\\\\", "\\"))
}
