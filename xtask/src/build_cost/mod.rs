//! `cargo xtask build-cost`: what a clean debug build of core costs beside one of reqwest; with
//! `oauth` or `stripe`, what those crates cost.
//!
//! Each set is built into a folder of its own that is empty before and gone after, with the
//! workspace's profile and the versions of its Cargo.lock. The cost is processor time of cargo and
//! of all it started, so that neither the number of cores nor other work counts; shared caches make
//! it vary by a tenth all the same. No step of `ci`: it takes minutes.

mod oauth;
mod peer;
mod programs;
mod read;
mod stripe;
pub(crate) mod wrapper;

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use self::read::Features;
use crate::{ci::cargo, lone};

/// CPU seconds of core without its features, at most.
const CORE_BAR: f64 = 12.0;
/// CPU seconds that core with `http` may cost more than a reqwest that speaks TLS and reads JSON.
const HTTP_BAR: f64 = 8.0;

/// How often a set is built; the least counts.
const ROUNDS: usize = 3;

/// Package and folder of the generated crates that have reqwest alone.
const ALONE: &str = "reqwest-alone";
const WITH_TLS: &str = "reqwest-with-ring";
const WITH_JSON: &str = "reqwest-with-ring-and-json";
const WITH_HTTP2: &str = "reqwest-with-ring-json-and-http2";
/// With the TLS that is reqwest's own default.
const OWN_TLS: &str = "reqwest-with-its-own-tls-and-json";
/// With all of reqwest's own defaults.
const AS_IT_COMES: &str = "reqwest-as-it-comes-with-json";

/// One set that is built.
struct Set {
    name: String,
    /// Arguments that choose it, for `cargo build` and `cargo tree` alike.
    chosen: Vec<&'static str>,
    /// The workspace it is built in.
    folder: PathBuf,
}

/// What a set costs.
#[derive(Clone, Copy, Debug)]
struct Cost {
    cpu_seconds: f64,
    dependencies: usize,
}

/// Runs the command with its words after `build-cost`.
pub(crate) fn run(root: &Path, words: &[&str], out: &mut impl Write) -> io::Result<bool> {
    match words {
        [] | ["core"] => core(root, out),
        ["oauth"] => oauth::run(root, out),
        ["stripe"] => stripe::run(root, false, out),
        ["stripe", "--peer-release"] => stripe::run(root, true, out),
        _ => Err(io::Error::other(
            "use `cargo xtask build-cost [core | oauth | stripe [--peer-release]]`",
        )),
    }
}

/// Builds every set and prints the table and the bars; tells whether all bars were met.
fn core(root: &Path, out: &mut impl Write) -> io::Result<bool> {
    let scratch = Scratch::new()?;
    let sets = sets(root, &scratch.0)?;
    let costs = least(&sets, &scratch.0.join("target"), out)?;
    let costs: Vec<f64> = costs.iter().map(|cost| cost.cpu_seconds).collect();
    let [core, http, http2, _, _, equal, equal_http2] = costs.as_slice() else {
        return Err(io::Error::other("a set is missing"));
    };
    writeln!(out, "\n| bar | measured | wanted | |\n|---|---|---|---|")?;
    let bars = [
        ("core without features, CPU s", *core, CORE_BAR),
        (
            "core with `http` over reqwest with ring and JSON, CPU s",
            http - equal,
            HTTP_BAR,
        ),
        (
            "the same, both with `http2`, CPU s",
            http2 - equal_http2,
            HTTP_BAR,
        ),
    ];
    for (what, measured, bar) in bars {
        let verdict = if measured <= bar { "PASS" } else { "miss" };
        writeln!(
            out,
            "| {what} | {measured:.1} | at most {bar} | {verdict} |"
        )?;
    }
    Ok(bars.iter().all(|(_, measured, bar)| measured <= bar))
}

fn sets(root: &Path, scratch: &Path) -> io::Result<Vec<Set>> {
    const CORE: [&str; 3] = ["--package", "integration-core", "--no-default-features"];
    let lone = scratch.join("reqwest");
    let features = reqwest_alone(root, &lone)?;
    let with_http = [CORE.as_slice(), &["--features", "http,ring"]].concat();
    let with_http2 = [CORE.as_slice(), &["--features", "http,http2,ring"]].concat();
    let alone = format!("reqwest alone: {}", features.names());
    let with_tls = "the same, and rustls with ring, without which it speaks no TLS";
    let with_json = "the same, and `json`, as core reads it too";
    Ok(vec![
        set("integration-core, no features", CORE.to_vec(), root),
        set("integration-core, `http`", with_http, root),
        set("integration-core, `http` and `http2`", with_http2, root),
        set(&alone, vec!["--package", ALONE], &lone),
        set(with_tls, vec!["--package", WITH_TLS], &lone),
        set(with_json, vec!["--package", WITH_JSON], &lone),
        set(
            "the same, and `http2`",
            vec!["--package", WITH_HTTP2],
            &lone,
        ),
    ])
}

fn set(name: &str, chosen: Vec<&'static str>, folder: &Path) -> Set {
    Set {
        name: name.to_owned(),
        chosen,
        folder: folder.to_owned(),
    }
}

/// Builds each set several times, by turns, and prints the least of each: what else the machine does
/// only adds to it.
fn least(sets: &[Set], target: &Path, out: &mut impl Write) -> io::Result<Vec<Cost>> {
    let mut costs: Vec<Option<Cost>> = vec![None; sets.len()];
    for round in 1..=ROUNDS {
        for (set, least) in sets.iter().zip(&mut costs) {
            let cost = measure(set, target)?;
            // At once, as the next one takes minutes.
            writeln!(
                out,
                "round {round} of {ROUNDS}: {:.1} s, {}",
                cost.cpu_seconds, set.name
            )?;
            out.flush()?;
            let is_less = least.is_none_or(|least| cost.cpu_seconds < least.cpu_seconds);
            *least = if is_less { Some(cost) } else { *least };
        }
    }
    writeln!(
        out,
        "\n| clean debug build | CPU s | dependencies |\n|---|---|---|"
    )?;
    let costs: Vec<Cost> = costs.into_iter().flatten().collect();
    for (set, cost) in sets.iter().zip(&costs) {
        let (seconds, dependencies) = (cost.cpu_seconds, cost.dependencies);
        writeln!(out, "| {} | {seconds:.1} | {dependencies} |", set.name)?;
    }
    Ok(costs)
}

/// Lays out the crates that have reqwest alone; returns the features that core asks of it.
fn reqwest_alone(root: &Path, lone: &Path) -> io::Result<Features> {
    let text = fs::read_to_string(root.join("crates/integration-core/Cargo.toml"))?;
    let features = read::features(&text, "reqwest").map_err(io::Error::other)?;
    lay_out(root, lone, &features)?;
    Ok(features)
}

/// A workspace with our versions and profile whose crates have reqwest alone.
fn lay_out(root: &Path, lone: &Path, features: &Features) -> io::Result<()> {
    lone::workspace(root, lone)?;
    let ring = "rustls = { workspace = true, features = [\"ring\"] }\n";
    let json = features.with("json");
    for (name, features, has_defaults, more) in [
        (ALONE, features, false, ""),
        (WITH_TLS, features, false, ring),
        (WITH_JSON, &json, false, ring),
        (WITH_HTTP2, &json.with("http2"), false, ring),
        (OWN_TLS, &json.with("rustls"), false, ""),
        (AS_IT_COMES, &json, true, ""),
    ] {
        let features = features.as_toml();
        let manifest = format!(
            "[dependencies]\nreqwest = {{ workspace = true, default-features = {has_defaults}, features = {features} }}\n{more}"
        );
        let lib = ("lib.rs", "//! Depends on reqwest.\n");
        lone::package(lone, name, &manifest, lib)?;
    }
    Ok(())
}

fn measure(set: &Set, target: &Path) -> io::Result<Cost> {
    let tree = [
        &["tree", "--edges", "normal", "--prefix", "none"],
        set.chosen.as_slice(),
    ];
    let tree = cargo::answer(&set.folder, &tree.concat()).map_err(io::Error::other)?;
    if target.exists() {
        fs::remove_dir_all(target)?;
    }
    let before = children_seconds()?;
    let build = [&["build", "--quiet"], set.chosen.as_slice()].concat();
    let mut build = cargo::cargo(&set.folder, &build);
    let built = cargo::run(build.arg("--target-dir").arg(target));
    if built.failed {
        return Err(io::Error::other(built.output));
    }
    Ok(Cost {
        cpu_seconds: children_seconds()? - before,
        dependencies: read::dependencies(&tree),
    })
}

/// Processor time of all processes that were started and have ended, and of theirs.
fn children_seconds() -> io::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    read::children_seconds(&stat).ok_or_else(|| io::Error::other("cannot read /proc/self/stat"))
}

/// A folder that is gone when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let name = format!("xtask-build-cost-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder left behind in the temporary directory does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}
