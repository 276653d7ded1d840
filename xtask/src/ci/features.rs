//! Each crate alone with none, default and all features.

use std::path::Path;

use toml::Table;

use super::{Report, cargo};
use crate::tree::Tree;

pub(super) fn run(root: &Path) -> Report {
    let tree = match Tree::read(root) {
        Ok(tree) => tree,
        Err(e) => return Report::failure(format!("cannot read the workspace: {e}")),
    };
    let mut report = Report::default();
    for name in tree.crates() {
        let manifest = tree
            .get(&format!("crates/{name}/Cargo.toml"))
            .unwrap_or_default();
        for set in feature_sets(manifest) {
            let mut arguments = vec!["check", "--quiet", "--package", name];
            arguments.extend(set);
            let done = cargo::run(&mut cargo::cargo(root, &arguments));
            // `-D warnings` through RUSTFLAGS would rebuild every dependency; the words do as well.
            if done.failed || done.output.contains("warning:") {
                report.failed = true;
                report
                    .output
                    .push_str(&format!("cargo {}\n{}", arguments.join(" "), done.output));
            }
        }
    }
    report
}

/// Sets that differ: without features one is enough, and without `default` none is default.
fn feature_sets(manifest: &str) -> Vec<Option<&'static str>> {
    let root: Table = manifest.parse().unwrap_or_default();
    let features = root.get("features").and_then(|f| f.as_table());
    let default = features
        .and_then(|f| f.get("default"))
        .and_then(|d| d.as_array());
    match (
        features.map_or(0, |f| {
            f.iter().filter(|(name, _)| *name != "default").count()
        }),
        default.map_or(0, Vec::len),
    ) {
        (0, _) => vec![None],
        (_, 0) => vec![None, Some("--all-features")],
        (all, default) if all == default => vec![Some("--no-default-features"), None],
        _ => vec![Some("--no-default-features"), None, Some("--all-features")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Option<&str> = Some("--no-default-features");
    const ALL: Option<&str> = Some("--all-features");

    #[test]
    fn only_sets_that_differ_are_built() {
        for (manifest, sets) in [
            ("", vec![None]),
            ("[features]\ndefault = []\na = []", vec![None, ALL]),
            ("[features]\ndefault = [\"a\"]\na = []", vec![NONE, None]),
            (
                "[features]\ndefault = [\"a\"]\na = []\nb = []",
                vec![NONE, None, ALL],
            ),
        ] {
            assert_eq!(feature_sets(manifest), sets, "{manifest}");
        }
    }
}
