//! `cargo xtask build-cost oauth`: what OAuth without stores costs over a reqwest as it comes, which
//! reads JSON: with HTTP/2, and TLS through rustls and aws-lc-rs, which OAuth's tokens need, too.
//!
//! That reqwest has more than OAuth asks of it. What OAuth costs over no more than that is shown, and
//! has no bar: what a program saves is part of what it pays.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{AS_IT_COMES, Cost, OWN_TLS, Scratch, least, reqwest_alone, set};

/// CPU seconds and packages that it may cost more.
const SECONDS_BAR: f64 = 20.0;
const CRATES_BAR: usize = 45;

const OAUTH: [&str; 5] = [
    "--package",
    "integration-oauth",
    "--no-default-features",
    "--features",
    "presets",
];

/// Builds both and prints the table and the bars; tells whether both bars were met.
pub(super) fn run(root: &Path, out: &mut impl Write) -> io::Result<bool> {
    let scratch = Scratch::new()?;
    let lone = scratch.0.join("reqwest");
    let features = reqwest_alone(root, &lone)?;
    let equal = format!("reqwest with: {}, rustls, json", features.names());
    let sets = [
        set("integration-oauth, `presets`", OAUTH.to_vec(), root),
        set(
            "reqwest with its defaults and `json`",
            vec!["--package", AS_IT_COMES],
            &lone,
        ),
        set(&equal, vec!["--package", OWN_TLS], &lone),
    ];
    let costs = least(&sets, &scratch.0.join("target"), out)?;
    let [ours, theirs, equal] = costs[..] else {
        return Err(io::Error::other("a set is missing"));
    };
    compare(ours, theirs, equal, out)
}

/// Prints the bars, and the difference to an equal reqwest; tells whether both bars were met.
fn compare(ours: Cost, theirs: Cost, equal: Cost, out: &mut impl Write) -> io::Result<bool> {
    let seconds = ours.cpu_seconds - theirs.cpu_seconds;
    let crates = ours.dependencies.saturating_sub(theirs.dependencies);
    let over_equal = ours.cpu_seconds - equal.cpu_seconds;
    let crates_over_equal = ours.dependencies.saturating_sub(equal.dependencies);
    let verdict = |met| if met { "PASS" } else { "miss" };
    let (is_quick, is_lean) = (seconds <= SECONDS_BAR, crates <= CRATES_BAR);
    writeln!(
        out,
        "\n| integration-oauth over reqwest | measured | wanted | |\n|---|---|---|---|\n\
         | CPU s | {seconds:.1} | at most {SECONDS_BAR} | {} |\n\
         | crates | {crates} | at most {CRATES_BAR} | {} |\n\
         | CPU s, over a reqwest with no more than it needs | {over_equal:.1} | | |\n\
         | crates, over that one | {crates_over_equal} | | |",
        verdict(is_quick),
        verdict(is_lean)
    )?;
    Ok(is_quick && is_lean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bar_is_met_or_missed_by_itself() {
        let cost = |cpu_seconds, dependencies| Cost {
            cpu_seconds,
            dependencies,
        };
        for (ours, met) in [
            (cost(70.0, 145), [true, true]),
            (cost(70.5, 145), [false, true]),
            (cost(70.0, 146), [true, false]),
        ] {
            let mut out = Vec::new();
            let all = compare(ours, cost(50.0, 100), cost(45.0, 90), &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            let rows = text.lines().skip(3).take(2);
            assert!(text.contains("than it needs | 25"), "{text}");
            let shown: Vec<_> = rows.map(|row| row.ends_with("| PASS |")).collect();
            assert_eq!(shown, met);
            assert_eq!(all, met == [true, true]);
        }
    }
}
