//! Every crate has the files of its shape, and every source file keeps to the rules of style that
//! a program can see.

mod files;
mod style;
#[cfg(test)]
mod tests;

use crate::tree::{Problem, Tree};

/// Checks the whole tree.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = files::check(tree);
    for (path, text) in tree.iter().filter(|(path, _)| path.ends_with(".rs")) {
        problems.extend(style::check(path, text));
    }
    problems.sort();
    problems
}
