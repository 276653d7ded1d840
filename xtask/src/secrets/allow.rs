//! `path-glob  pattern  # reason`, one a line; in both `*` stands for any characters.

use super::ALLOW;
use crate::tree::Problem;

#[derive(Debug)]
pub(super) struct Entry {
    path: String,
    pattern: String,
    line: usize,
    used: bool,
}

pub(super) fn parse(text: &str, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line_no = i + 1;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (entry, reason) = line.split_once(" #").unwrap_or((line, ""));
        if reason.trim().is_empty() {
            problems.push(Problem::new(
                ALLOW,
                line_no,
                "has no reason: end the line with ` # why`",
            ));
            continue;
        }
        match entry.split_whitespace().collect::<Vec<_>>().as_slice() {
            [path, pattern] if pattern.trim_matches('*').len() >= 4 => entries.push(Entry {
                path: (*path).to_owned(),
                pattern: (*pattern).to_owned(),
                line: line_no,
                used: false,
            }),
            [_, _] => problems.push(Problem::new(
                ALLOW,
                line_no,
                "permits any key: name at least the prefix",
            )),
            _ => problems.push(Problem::new(
                ALLOW,
                line_no,
                "is not `path-glob  pattern  # reason`",
            )),
        }
    }
    entries
}

pub(super) fn permits(entries: &mut [Entry], path: &str, found: &str) -> bool {
    let mut permitted = false;
    for entry in entries {
        if matches(&entry.path, path) && matches(&entry.pattern, found) {
            entry.used = true;
            permitted = true;
        }
    }
    permitted
}

pub(super) fn unused(entries: &[Entry]) -> impl Iterator<Item = Problem> {
    entries
        .iter()
        .filter(|entry| !entry.used)
        .map(|entry| Problem::new(ALLOW, entry.line, "matches nothing: remove it"))
}

/// Whether `text` is `pattern`, where `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = rest.rsplit_once('*').map_or(("", rest), |(m, l)| (m, l));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}
