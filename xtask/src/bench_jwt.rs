//! `cargo xtask bench-jwt`: the bench `jwt` with one more peer, huskarl, in a workspace of its own
//! below the target folder, so that no package of ours depends on it.
//!
//! The program is made of the sources of the benches, as they are. No step of `ci`: it takes
//! minutes, and huskarl brings the crate `rsa`, which `deny.toml` refuses.

use std::{
    io::{self, Write},
    path::Path,
    process::Stdio,
};

use toml::{Table, Value};

use crate::{ci::cargo, lone};

/// The package of the program.
const NAME: &str = "bench-jwt";

/// What the program measures beside ours, and that alone.
const PEERS: [(&str, &str); 2] = [
    ("huskarl-core", "=0.10.10"),
    ("huskarl-crypto-native", "=0.11.3"),
];

/// What it needs of what the benches depend on.
const OF_BENCHES: [&str; 8] = [
    "aws-lc-rs",
    "base64",
    "integration-jwt",
    "jsonwebtoken",
    "rustix",
    "serde",
    "serde_json",
    "stats_alloc",
];

const MAIN: &str = include_str!("../templates/bench-jwt/main.rs");

/// Builds and runs the program; it prints the table by itself.
pub(crate) fn run(root: &Path, words: &[&str], out: &mut impl Write) -> io::Result<bool> {
    if !matches!(words, [] | ["--quick"]) {
        return Err(io::Error::other("use `cargo xtask bench-jwt [--quick]`"));
    }
    let target = lone::target(root).map_err(io::Error::other)?;
    let folder = Path::new(&target).join("xtask-bench-jwt");
    let benches = std::fs::read_to_string(root.join("benches/Cargo.toml"))?;
    let manifest = manifest(&benches, root).map_err(io::Error::other)?;
    let main = MAIN.replace("{{root}}", &root.display().to_string());
    lone::workspace(root, &folder)?;
    lone::package(&folder, NAME, &manifest, ("main.rs", &main))?;
    out.flush()?;
    let start = [
        "run",
        "--release",
        "--package",
        NAME,
        "--target-dir",
        &target,
        "--",
    ];
    let mut program = cargo::cargo(&folder, &[&start, words].concat());
    Ok(program.stdout(Stdio::inherit()).status()?.success())
}

/// What follows the head of the program's manifest: the library of the benches with what the
/// program needs of its dependencies, and the peers.
fn manifest(benches: &str, root: &Path) -> Result<String, String> {
    let benches: Table = benches.parse().map_err(|e| format!("benches: {e}"))?;
    let ours = benches.get("dependencies").and_then(Value::as_table);
    let mut dependencies = Table::new();
    for name in OF_BENCHES {
        let found = ours.and_then(|ours| ours.get(name));
        let found = found.ok_or_else(|| format!("benches/Cargo.toml has no {name}"))?;
        dependencies.insert(name.to_owned(), found.clone());
    }
    for (name, version) in PEERS {
        dependencies.insert(name.to_owned(), Value::from(version));
    }
    // Not as the benches have it: they call servers.
    let core = Table::from_iter([("workspace".to_owned(), Value::from(true))]);
    dependencies.insert("integration-core".to_owned(), Value::from(core));
    let library = root.join("benches/src/lib.rs").display().to_string();
    let library = Table::from_iter([
        ("name".to_owned(), Value::from("integration_benches")),
        ("path".to_owned(), Value::from(library)),
    ]);
    let manifest = Table::from_iter([
        ("lib".to_owned(), Value::from(library)),
        ("dependencies".to_owned(), Value::from(dependencies)),
    ]);
    Ok(manifest.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BENCHES: &str = include_str!("../../benches/Cargo.toml");

    #[test]
    fn the_program_has_the_library_of_the_benches_and_its_peers_at_one_version() {
        let manifest = manifest(BENCHES, Path::new("/r")).unwrap();
        let manifest: Table = manifest.parse().unwrap();
        assert_eq!(
            manifest["lib"]["path"].as_str(),
            Some("/r/benches/src/lib.rs")
        );
        let dependencies = manifest["dependencies"].as_table().unwrap();
        assert_eq!(dependencies.len(), OF_BENCHES.len() + PEERS.len() + 1);
        for (name, _) in PEERS {
            let version = dependencies[name].as_str();
            assert!(version.is_some_and(|text| text.starts_with('=')), "{name}");
        }
        let jsonwebtoken = dependencies["jsonwebtoken"].to_string();
        assert!(jsonwebtoken.contains("aws_lc_rs"), "{jsonwebtoken}");
    }

    #[test]
    fn what_the_benches_no_longer_have_is_named() {
        let error = manifest("[dependencies]\n", Path::new("/r")).unwrap_err();
        assert!(error.contains("has no aws-lc-rs"), "{error}");
    }

    #[test]
    fn no_package_of_ours_depends_on_the_peer() {
        let lock: Table = include_str!("../../Cargo.lock").parse().unwrap();
        let packages = lock["package"].as_array().unwrap();
        let has = |peer: &str| {
            packages
                .iter()
                .any(|one| one["name"].as_str() == Some(peer))
        };
        assert!(has("jsonwebtoken"));
        for (peer, _) in PEERS {
            assert!(!has(peer), "{peer}");
        }
    }
}
