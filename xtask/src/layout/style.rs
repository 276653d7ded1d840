//! What a program can see of the style of one source file.

use crate::{
    source::{code_only, line_of, lines_without_tests},
    tree::Problem,
};

/// Lines of a source file, tests not counted.
const MAX_LINES: usize = 500;

pub(super) fn check(path: &str, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let code = code_only(text);
    check_length(path, text, &mut problems);
    refuse(
        path,
        &code,
        "allow(",
        "is an attribute without an end: write `#[expect(.., reason = \"..\")]`",
        &mut problems,
    );
    refuse(
        path,
        &code,
        "ignore",
        "skips a test: delete the test or make it run",
        &mut problems,
    );
    check_test_names(path, &code, &mut problems);
    problems
}

fn check_length(path: &str, text: &str, problems: &mut Vec<Problem>) {
    let lines = lines_without_tests(text);
    if lines > MAX_LINES && !is_test(path) && !is_generated(path, text) {
        let message = format!(
            "has {lines} lines without its tests, at most {MAX_LINES}: split it by what changes together"
        );
        problems.push(Problem::new(path, MAX_LINES + 1, message));
    }
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/") || path.starts_with("tests/")
}

fn is_generated(path: &str, text: &str) -> bool {
    path.contains("/generated/") || text.starts_with("// @generated")
}

/// Refuses attributes whose inside begins with `word`, behind a `cfg_attr` too.
fn refuse(path: &str, code: &str, word: &str, message: &str, problems: &mut Vec<Problem>) {
    for (at, inside) in attributes(code) {
        let last = inside.rsplit(", ").next().unwrap_or(inside);
        let begins = |text: &str| {
            let rest = text.trim_start().strip_prefix(word);
            rest.is_some_and(|r| {
                word.ends_with('(') || !r.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            })
        };
        if begins(inside)
            || (inside.starts_with("cfg_attr(")
                && (begins(last) || inside.contains(&format!(", {word}"))))
        {
            let shown = word.trim_end_matches('(');
            problems.push(Problem::new(
                path,
                line_of(code, at),
                format!("`#[{shown}]` {message}"),
            ));
        }
    }
}

/// The offset and the inside of every `#[..]` and `#![..]`.
fn attributes(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices('#').filter_map(|(at, _)| {
        let rest = code.get(at + 1..)?;
        let rest = rest.strip_prefix('!').unwrap_or(rest);
        let open = code.len() - rest.len();
        rest.starts_with('[').then_some(())?;
        let close = crate::source::closing(code, open)?;
        Some((at, code.get(open + 1..close)?))
    })
}

fn check_test_names(path: &str, code: &str, problems: &mut Vec<Problem>) {
    for (at, inside) in attributes(code) {
        let name = inside.split('(').next().unwrap_or(inside);
        if name != "test" && !name.ends_with("::test") {
            continue;
        }
        let after = code
            .get(at..)
            .and_then(|c| c.split_once("fn "))
            .map_or("", |(_, c)| c);
        if after.starts_with("test_") {
            let name = after.split('(').next().unwrap_or(after);
            let line = line_of(code, code.len() - after.len());
            let message = format!("`{name}` begins with test_: name it as the sentence it proves");
            problems.push(Problem::new(path, line, message));
        }
    }
}
