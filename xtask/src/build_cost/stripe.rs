//! `cargo xtask build-cost stripe`: what the generated crate costs, dependencies not counted, beside
//! async-stripe in the same run.
//!
//! Other work on the machine makes the times longer, by a lot where it is much: checks of ours and of
//! theirs take turns, and the least of each is shown. The bars in seconds are for the machine that
//! async-stripe was first measured on; a ratio is such a bar over what async-stripe took there, and
//! so says the same on any machine.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use super::{
    ROUNDS, Scratch, peer,
    programs::{PLAIN_RELEASE, Program},
};

/// The program of ours that is built.
const HELLO: &str = "stripe-hello";

/// The features of everything, of our program and of theirs.
const EVERYTHING: &[&str] = &["--features", "everything"];

/// A check that is measured beside theirs.
struct Check {
    what: &'static str,
    theirs: &'static str,
    features: &'static [&'static str],
    /// CPU seconds at most, and what theirs took where that was set.
    bar: f64,
    reference: f64,
}

const CHECKS: [Check; 2] = [
    Check {
        what: "check, every noun, CPU s",
        theirs: "check of async-stripe, `full`, CPU s",
        features: EVERYTHING,
        bar: 6.5,
        reference: 28.3,
    },
    Check {
        what: "check, default features, CPU s",
        theirs: "check of async-stripe, payment intents and webhooks, CPU s",
        features: &[],
        bar: 1.5,
        reference: 12.7,
    },
];

/// The table; a row is shown at once, because the next one takes minutes.
struct Table<'a, W> {
    out: &'a mut W,
    passed: bool,
}

/// Measures and prints the table; tells whether all bars were met.
pub(super) fn run(root: &Path, peer_release: bool, out: &mut impl Write) -> io::Result<bool> {
    let scratch = Scratch::new()?;
    let ours = hello(root, &scratch.0.join("ours"))?;
    let theirs = peer::program(root, &scratch.0.join("theirs"))?;
    let mut table = Table::begin(out)?;
    table.bar("generated lines", generated_lines(root)?, 45_000.0)?;
    let mut peak = 0;
    for check in &CHECKS {
        peak = peak.max(compare(check, &ours, &theirs, &mut table)?);
    }
    let release = ours.build(&PLAIN_RELEASE, EVERYTHING)?;
    let what = "release of the crate and a program, every noun, without LTO, CPU s";
    table.bar(what, release.with_program, 18.0)?;
    peak = peak.max(release.peak_kb);
    table.bar("peak memory of rustc, GB", mega(peak) / 1000.0, 1.0)?;
    ours.build(&["build", "--release"], EVERYTHING)?;
    let what = "the program, stripped, thin LTO, MB";
    table.bar(what, mega(ours.size()? / 1000), 4.5)?;
    if peer_release {
        let release = theirs.build(&PLAIN_RELEASE, &[])?;
        let what = "release of async-stripe and a program, payment intents and webhooks, CPU s";
        table.bare(what, release.with_program)?;
        let what = "its peak memory of rustc, GB";
        table.bare(what, mega(release.peak_kb) / 1000.0)?;
        table.bare(
            "its program, stripped, without LTO, MB",
            mega(theirs.size()? / 1000),
        )?;
    }
    Ok(table.passed)
}

/// Checks both in turns and shows the least of each; returns the most memory that rustc had for ours.
fn compare<W: Write>(
    check: &Check,
    ours: &Program,
    theirs: &Program,
    table: &mut Table<'_, W>,
) -> io::Result<u64> {
    let (mut least, mut least_of_theirs, mut peak) = (f64::MAX, f64::MAX, 0);
    for _ in 0..ROUNDS {
        let spent = ours.build(&["check"], check.features)?;
        least = least.min(spent.crates);
        peak = peak.max(spent.peak_kb);
        let spent = theirs.build(&["check"], check.features)?;
        least_of_theirs = least_of_theirs.min(spent.crates);
    }
    table.bar(check.what, least, check.bar)?;
    table.bare(check.theirs, least_of_theirs)?;
    let (ratio, bar) = (least / least_of_theirs, check.bar / check.reference);
    table.bar("ours over theirs", ratio, (bar * 100.0).round() / 100.0)?;
    Ok(peak)
}

impl<'a, W: Write> Table<'a, W> {
    fn begin(out: &'a mut W) -> io::Result<Self> {
        let what = "integration-stripe alone";
        writeln!(out, "| {what} | measured | wanted | |\n|---|---|---|---|")?;
        Ok(Self { out, passed: true })
    }

    /// A row that passes or does not.
    fn bar(&mut self, what: &str, measured: f64, bar: f64) -> io::Result<()> {
        let met = measured <= bar;
        self.passed &= met;
        let verdict = if met { "PASS" } else { "miss" };
        let digits = usize::from(bar < 1000.0) * 2;
        writeln!(
            self.out,
            "| {what} | {measured:.digits$} | at most {bar} | {verdict} |"
        )?;
        self.out.flush()
    }

    /// A row that is only shown.
    fn bare(&mut self, what: &str, measured: f64) -> io::Result<()> {
        writeln!(self.out, "| {what} | {measured:.2} | | |")?;
        self.out.flush()
    }
}

/// Thousands of what is counted in KB.
#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn mega(kilo: u64) -> f64 {
    kilo as f64 / 1000.0
}

/// The example `hello` as a program of its own.
fn hello(root: &Path, folder: &Path) -> io::Result<Program> {
    let program = Program {
        folder: folder.to_owned(),
        package: HELLO,
        counted: &["integration-stripe"],
        counts: |name| name == "integration_stripe",
    };
    let manifest = "[features]\neverything = [\"integration-stripe/full\", \"integration-stripe/webhooks\"]\n\n\
         [dependencies]\nintegration-stripe.workspace = true\n\
         tokio = { workspace = true, features = [\"rt-multi-thread\", \"macros\"] }\n";
    let main = fs::read_to_string(root.join("crates/integration-stripe/examples/hello.rs"))?;
    program.lay_out(root, manifest, &main)?;
    Ok(program)
}

#[expect(clippy::cast_precision_loss, reason = "some ten thousand lines")]
fn generated_lines(root: &Path) -> io::Result<f64> {
    let mut lines = 0;
    for entry in fs::read_dir(root.join("crates/integration-stripe/src/generated"))? {
        lines += fs::read_to_string(entry?.path())?.lines().count();
    }
    Ok(lines as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_whether_its_bar_is_met_and_one_miss_is_a_miss() {
        let mut out = Vec::new();
        let mut table = Table::begin(&mut out).unwrap();
        table.bar("x", 1.5, 1.5).unwrap();
        table.bar("x", 31_286.0, 45_000.0).unwrap();
        table.bare("y", 28.3).unwrap();
        assert!(table.passed);
        table.bar("x", 1.51, 1.5).unwrap();
        table.bar("x", 1.0, 1.5).unwrap();
        assert!(!table.passed);
        let out = String::from_utf8(out).unwrap();
        let rows: Vec<_> = out.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| x | 1.50 | at most 1.5 | PASS |",
                "| x | 31286 | at most 45000 | PASS |",
                "| y | 28.30 | | |",
                "| x | 1.51 | at most 1.5 | miss |",
                "| x | 1.00 | at most 1.5 | PASS |",
            ]
        );
    }
}
