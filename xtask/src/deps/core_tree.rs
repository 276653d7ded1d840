//! Core without its features: no HTTP client, no TLS, of the runtime only `sync` and `time`.

use crate::tree::Problem;

const MANIFEST: &str = "crates/integration-core/Cargo.toml";

/// What `cargo tree` is asked, so that [`check`] can read its answer.
pub(crate) const ARGUMENTS: [&str; 9] = [
    "tree",
    "--package",
    "integration-core",
    "--no-default-features",
    "--edges",
    "normal",
    "--prefix",
    "none",
    "--format={p}|{f}",
];

/// Clients, servers, TLS and runtimes by the beginning of their names.
const REFUSED: [&str; 14] = [
    "async-std",
    "aws-lc",
    "h2",
    "hyper",
    "isahc",
    "mio",
    "native-tls",
    "openssl",
    "reqwest",
    "ring",
    "rustls",
    "smol",
    "tokio-rustls",
    "ureq",
];

const TOKIO_MAY: [&str; 3] = ["default", "sync", "time"];

/// Checks the answer of `cargo tree` with [`ARGUMENTS`].
pub(crate) fn check(answer: &str) -> Vec<Problem> {
    let mut messages: Vec<String> = answer.lines().filter_map(refusal).collect();
    messages.sort_unstable();
    messages.dedup();
    messages
        .into_iter()
        .map(|m| Problem::new(MANIFEST, 0, m))
        .collect()
}

fn refusal(line: &str) -> Option<String> {
    let (package, features) = line.split_once('|')?;
    let name = package.split(' ').next()?;
    if REFUSED
        .iter()
        .any(|r| name == *r || name.strip_prefix(r).is_some_and(|s| s.starts_with('-')))
    {
        return Some(format!(
            "{name} is built without default features: make it optional, behind the feature `http`"
        ));
    }
    let features = features.trim_end_matches(" (*)");
    let extra = features
        .split(',')
        .find(|f| !f.is_empty() && !TOKIO_MAY.contains(f))?;
    (name == "tokio").then(|| {
        format!(
            "tokio has the feature `{extra}` without default features: only sync and time are allowed, move `tokio/{extra}` into the feature `http`"
        )
    })
}
