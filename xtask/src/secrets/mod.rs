//! Finds strings of the shape of a key in tracked files.
//!
//! What is meant to be there (a key published by a vendor, one made for a fixture) is listed in
//! `xtask/secrets.allow` with a reason; an entry that matches nothing is refused, so that the list
//! never grows stale.

mod allow;
mod shapes;
#[cfg(test)]
mod tests;

use crate::{
    source::line_of,
    tree::{Problem, Tree},
};

/// The list of what may stay.
pub(crate) const ALLOW: &str = "xtask/secrets.allow";

/// Characters of a finding that are shown; the rest might be a real secret.
const SHOWN: usize = 10;

/// Checks every file of the tree.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut entries = allow::parse(tree.get(ALLOW).unwrap_or_default(), &mut problems);
    for (path, text) in tree.iter().filter(|(path, _)| *path != ALLOW) {
        for found in shapes::find(text) {
            if allow::permits(&mut entries, path, found.text) {
                continue;
            }
            let shown: String = found.text.chars().take(SHOWN).collect();
            let message = format!(
                "`{shown}…` looks like {}: remove it and revoke the key, or add it to {ALLOW} with the reason",
                found.shape
            );
            problems.push(Problem::new(path, line_of(text, found.at), message));
        }
    }
    problems.extend(allow::unused(&entries));
    problems
}

/// Whether a stretch of text holds a key, whatever the list permits.
pub(crate) fn holds_key(text: &str) -> bool {
    !shapes::find(text).is_empty()
}
