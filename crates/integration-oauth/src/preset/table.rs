//! The table of the presets in `PRESETS.md`.

use std::fmt::Write as _;

use super::*;

const BEGIN: &str = "<!-- presets -->\n";
const END: &str = "<!-- /presets -->";

fn table() -> String {
    let mut table =
        "| name | provider | must be given | refresh tokens |\n|---|---|---|---|\n".to_owned();
    for name in Preset::names() {
        let preset = Preset::named(name).unwrap();
        let needed = preset
            .params
            .iter()
            .map(|(param, about)| match &about.default {
                Some(default) => format!("`{param}` (`{default}`)"),
                None => format!("`{param}`"),
            });
        let needed: Vec<String> = needed.collect();
        let rules = &preset.refresh_rules;
        let days = |seconds: Option<u64>, what: &str| {
            seconds.map(|seconds| format!("{} days {what}", seconds / 86_400))
        };
        let mut habits = Vec::new();
        let none = |what: &str| format!("none: an access token {what}");
        habits.extend(
            preset
                .trade
                .as_ref()
                .map(|_| none("is traded for a longer one")),
        );
        habits.extend(
            preset
                .renew
                .as_ref()
                .map(|_| "which renews itself".to_owned()),
        );
        habits.extend(rules.rotates.then(|| "rotate".to_owned()));
        habits.extend(
            rules
                .reuse_window_s
                .map(|s| format!("the old one works {s} s more")),
        );
        habits.extend(days(rules.max_idle_s, "without use"));
        habits.extend(days(rules.max_age_s, "in all"));
        let (title, docs) = (&preset.title, &preset.docs);
        let (needed, habits) = (needed.join(", "), habits.join(", "));
        let _ = writeln!(
            table,
            "| `{name}` | [{title}]({docs}) | {needed} | {habits} |"
        );
    }
    table
}

#[test]
fn the_table_of_presets_is_that_of_their_files() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/PRESETS.md");
    let text = std::fs::read_to_string(file).unwrap();
    let (_, rest) = text.split_once(BEGIN).unwrap();
    let (found, _) = rest.split_once(END).unwrap();
    let wanted = table();
    assert!(
        found == wanted,
        "put this between the marks of {file}:\n{wanted}"
    );
}

#[test]
fn the_readme_counts_the_presets() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = std::fs::read_to_string(file).unwrap();
    let others = format!(
        "`Provider::preset(\"github\")` and {} more",
        Preset::names().count() - 1
    );
    assert!(text.contains(&others), "{file} should say: {others}");
}
