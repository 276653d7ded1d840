//! Who may import whom: reads every manifest and refuses an edge the house does not have.
//!
//! core -> nothing of ours; jwt -> core; webhooks, events -> core and jwt; benches -> core, jwt and
//! stripe; every service -> core, jwt and webhooks; gateway and tests -> anything; testkit -> core, and
//! everyone else takes it as a dev-dependency by path without a version; nobody takes the crates that
//! ours are compared with but benches; xtask -> nothing of ours and at most [`MAX_OF_XTASK`] crates at
//! all.

mod core_tree;
mod manifest;
#[cfg(test)]
mod tests;

pub(crate) use self::core_tree::{ARGUMENTS as CORE_TREE_ARGUMENTS, check as check_core_tree};
use self::manifest::{Dependency, Manifest, Section};
use crate::{
    house,
    tree::{Problem, Tree},
};

/// Dependencies of xtask, so that it builds in seconds.
const MAX_OF_XTASK: usize = 4;

/// Crates that ours are compared with, by the beginning of their names.
const PEERS: [&str; 7] = [
    "backon",
    "governor",
    "recloser",
    "reqwest-middleware",
    "reqwest-retry",
    "sseer",
    "tower-resilience",
];

const BENCHES: &str = "integration-benches";
const CORE: &str = "integration-core";
const E2E: &str = "integration-e2e";
const GATEWAY: &str = "integration-gateway";
const JWT: &str = "integration-jwt";
const STRIPE: &str = "integration-stripe";
const TESTKIT: &str = "integration-testkit";
const WEBHOOKS: &str = "integration-webhooks";
const XTASK: &str = "xtask";

/// Checks every manifest of the tree.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    let shared = manifest::shared(tree, &mut problems);
    for (path, text) in tree.iter().filter(|(path, _)| is_member(path)) {
        match Manifest::parse(path, text, &shared) {
            Ok(manifest) => problems.extend(check_manifest(&manifest)),
            Err(problem) => problems.push(problem),
        }
    }
    problems
}

fn is_member(path: &str) -> bool {
    path.ends_with("/Cargo.toml")
        && (path.starts_with("crates/")
            || matches!(
                path,
                "benches/Cargo.toml" | "tests/Cargo.toml" | "xtask/Cargo.toml"
            ))
}

fn check_manifest(manifest: &Manifest) -> Vec<Problem> {
    let mut problems: Vec<Problem> = manifest
        .dependencies
        .iter()
        .filter_map(|dependency| {
            let message = match is_ours(&dependency.package) {
                true => refusal(&manifest.name, dependency),
                false => peer_refusal(&manifest.name, &dependency.package),
            }?;
            Some(Problem::new(&manifest.path, dependency.line, message))
        })
        .collect();
    if manifest.name == XTASK && manifest.dependencies.len() > MAX_OF_XTASK {
        let message = format!(
            "xtask has {} dependencies, at most {MAX_OF_XTASK} are allowed: drop one, it must build in seconds",
            manifest.dependencies.len()
        );
        problems.push(Problem::new(&manifest.path, 0, message));
    }
    problems
}

fn is_ours(package: &str) -> bool {
    package.starts_with("integration-") || package == XTASK
}

/// Why `from` may not have this dependency; `None` when it may.
fn refusal(from: &str, dependency: &Dependency) -> Option<String> {
    let to = dependency.package.as_str();
    if to == TESTKIT {
        return testkit_refusal(from, dependency);
    }
    let allowed: &[&str] = match from {
        XTASK | CORE => &[],
        JWT | TESTKIT => &[CORE],
        GATEWAY | E2E => return None,
        BENCHES => &[CORE, JWT, STRIPE],
        _ if house::is_service(from) => &[CORE, JWT, WEBHOOKS],
        _ => &[CORE, JWT],
    };
    if allowed.contains(&to) {
        return None;
    }
    let may = if allowed.is_empty() {
        "nothing of ours".to_owned()
    } else {
        allowed.join(" and ")
    };
    Some(format!(
        "{from} must not import {to}: it may import {may}; move what both need into {CORE}, or join them in {GATEWAY}"
    ))
}

/// Why `from` may not have this crate of others; `None` when it may.
fn peer_refusal(from: &str, to: &str) -> Option<String> {
    let is_peer = PEERS.iter().any(|peer| to.starts_with(peer));
    (is_peer && from != BENCHES).then(|| {
        format!("{from} must not import {to}: ours do without it; compare with it in {BENCHES}")
    })
}

fn testkit_refusal(from: &str, dependency: &Dependency) -> Option<String> {
    if from == XTASK || from == TESTKIT {
        return Some(format!("{from} must not import {TESTKIT}: remove it"));
    }
    if dependency.section != Section::Dev && from != E2E {
        return Some(format!(
            "{from} must not import {TESTKIT} outside tests: move it to [dev-dependencies]"
        ));
    }
    if dependency.version {
        return Some(format!(
            "{TESTKIT} has a version: leave only its path, so that publishing never waits on it"
        ));
    }
    (!dependency.path).then(|| format!("{TESTKIT} has no path: write `{TESTKIT}.workspace = true`"))
}
