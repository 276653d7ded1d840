//! What a generated file takes from elsewhere: no more than it names.

use std::collections::BTreeSet;

use super::emit::{FULL, WIDTH, packed};

/// Names of the crate, by where they come from.
const CRATE: [(&str, &[&str]); 4] = [
    ("", &["Node"]),
    ("op", &["handle", "roots"]),
    (
        "params",
        &[
            "Decimal",
            "FileParam",
            "Int64Param",
            "ListOf",
            "MapOf",
            "Params",
            "choice",
            "params",
            "text_choices",
        ],
    ),
    (
        "view",
        &[
            "Expandable",
            "Int64",
            "List",
            "Map",
            "open_enum",
            "union_view",
            "view",
        ],
    ),
];

/// The `use` lines of a body; `is_generated` tells names of other generated files.
pub(super) fn of(body: &str, is_generated: impl Fn(&str) -> bool) -> String {
    let plain = without_full(body);
    let always = words(&plain);
    let all = words(body);
    let only_full: BTreeSet<&str> = all
        .iter()
        .copied()
        .filter(|w| !always.contains(w))
        .collect();
    let defined = defined(body);
    let elsewhere = |words: &BTreeSet<&str>| -> String {
        let ours = |word: &&&str| is_generated(word) && !defined.contains(**word);
        from_super(&words.iter().filter(ours).copied().collect::<Vec<_>>())
    };
    let mut out = "\n".to_owned();
    for (plain, full) in [
        (elsewhere(&always), elsewhere(&only_full)),
        (from_crate(&always), from_crate(&only_full)),
    ] {
        out.push_str(&in_order(plain, full));
    }
    out
}

/// Both imports in the order of rustfmt: a single path before a group, then by name.
fn in_order(plain: String, full: String) -> String {
    let key = |lines: &str| (lines.contains('{'), lines.replace("\n    ", ""));
    match (plain.as_str(), full.as_str()) {
        (_, "") => plain,
        ("", _) => format!("{FULL}{full}"),
        _ if key(&full) < key(&plain) => format!("{FULL}{full}{plain}"),
        _ => format!("{plain}{FULL}{full}"),
    }
}

/// Names of other generated files, as many on a line as rustfmt puts there.
fn from_super(names: &[&str]) -> String {
    let one_line = format!("use super::{{{}}};\n", names.join(", "));
    match names {
        [] => String::new(),
        [one] => format!("use super::{one};\n"),
        _ if one_line.len() <= WIDTH => one_line,
        _ => format!("use super::{{\n{}}};\n", packed(names)),
    }
}

fn from_crate(words: &BTreeSet<&str>) -> String {
    let groups = CRATE.iter().filter_map(|(module, names)| {
        let used: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| words.contains(name))
            .collect();
        match (*module, used.as_slice()) {
            (_, []) => None,
            ("", used) => Some(used.join(", ")),
            (module, [one]) => Some(format!("{module}::{one}")),
            (module, used) => Some(format!("{module}::{{{}}}", used.join(", "))),
        }
    });
    let groups: Vec<String> = groups.collect();
    let one_line = format!("use crate::{{{}}};\n", groups.join(", "));
    let is_flat = !groups.iter().any(|group| group.contains('{'));
    match groups.as_slice() {
        [] => String::new(),
        [one] if !one.contains(", ") || one.contains('{') => format!("use crate::{one};\n"),
        _ if one_line.len() <= 100 && is_flat => one_line,
        _ => format!("use crate::{{\n    {},\n}};\n", groups.join(",\n    ")),
    }
}

/// Names in the code; of macros those that are called, and no variants of enums.
fn words(body: &str) -> BTreeSet<&str> {
    let mut words = BTreeSet::new();
    let (tables, enums) = body.split_at(body.find("open_enum!").unwrap_or(body.len()));
    if !enums.is_empty() {
        words.insert("open_enum");
    }
    for line in tables
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        // No literal has a quote inside: even pieces are code.
        let code = line.split('"').step_by(2);
        let of_line = code.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_'));
        words.extend(of_line.filter(|w| w.starts_with(|c: char| c.is_ascii_uppercase())));
        let called = line.split_once("! {").map(|(name, _)| name);
        words.extend(called.filter(|name| !name.starts_with(' ')));
    }
    words
}

/// The body without what is only there with every noun: the one item after the attribute.
fn without_full(body: &str) -> String {
    let mut out = String::new();
    let mut end: Option<&str> = None;
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        if let Some(close) = end {
            end = (!line.ends_with(close)).then_some(close);
        } else if line.trim_start() == FULL.trim_end() {
            end = match lines.next().unwrap_or_default() {
                next if next.ends_with('{') => Some("\u{0}"),
                next if next.ends_with([';', ',']) => None,
                _ => Some(";"),
            };
        } else {
            out.push_str(line);
            out.push('\n');
        }
        if end == Some("\u{0}") && line == "}" {
            end = None;
        }
    }
    out
}

/// Types that the tables of the body define.
fn defined(body: &str) -> BTreeSet<&str> {
    let heads = body.lines().filter_map(|line| line.strip_prefix("    "));
    let heads = heads.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    heads
        .filter_map(|line| line.split([' ', '(']).next())
        .collect()
}
