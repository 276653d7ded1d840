//! `cargo xtask ci`: every step, one line each, all of them even after one failed.

pub(crate) mod cargo;
mod counts;
mod examples;
mod extra;
mod features;

use std::{io, io::Write, path::Path, time::Duration};

use self::counts::Counts;
use crate::{
    checklist, codegen, deps, env_docs, layout, secrets,
    tree::{Problem, Tree},
};

/// What a step has to say.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) failed: bool,
    /// Shown on failure.
    pub(crate) output: String,
    /// Shown always.
    pub(crate) lines: Vec<String>,
    /// Of the tests it ran.
    pub(crate) counts: Counts,
    /// Why it did not run.
    pub(crate) skipped: Option<String>,
}

impl Report {
    fn of(problems: &[Problem]) -> Self {
        Self {
            failed: !problems.is_empty(),
            output: problems.iter().map(|p| format!("{p}\n")).collect(),
            ..Self::default()
        }
    }

    fn failure(output: impl Into<String>) -> Self {
        Self {
            failed: true,
            output: output.into(),
            ..Self::default()
        }
    }

    fn skip(why: impl Into<String>) -> Self {
        Self {
            skipped: Some(why.into()),
            ..Self::default()
        }
    }
}

fn generated(root: &Path) -> Report {
    let mut out = Vec::new();
    let same = codegen::run(root, &["stripe", "--check"], &mut out);
    let text = String::from_utf8_lossy(&out).into_owned();
    match same {
        Ok(true) => match text.strip_prefix("skipped: ") {
            Some(why) => Report::skip(why.trim_end()),
            None => Report::default(),
        },
        Ok(false) => Report::failure(text),
        Err(e) => Report::failure(e.to_string()),
    }
}

type Run = fn(&Path) -> Report;

/// One step, which is a command of its own too.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    run: Run,
}

const fn step(name: &'static str, about: &'static str, run: Run) -> Step {
    Step { name, about, run }
}

/// Quick ones first, so that a slip is seen at once.
pub(crate) const STEPS: [Step; 14] = [
    step("fmt", "formatting (cargo fmt --all --check)", cargo::fmt),
    step(
        "lockfile",
        "Cargo.lock is what the manifests ask for",
        cargo::lockfile,
    ),
    step(
        "check-deps",
        "who may import whom, and that core alone pulls no HTTP, TLS or runtime",
        check_deps,
    ),
    step(
        "check-layout",
        "the file list of every crate, and the rules of style a program can see",
        |root| check(root, layout::check),
    ),
    step(
        "secrets",
        "no key-shaped string in a tracked file but those of xtask/secrets.allow",
        |root| check(root, secrets::check),
    ),
    step(
        "env-docs --check",
        "docs/ENV.md is what the ENV tables say; nothing else reads a variable",
        |root| check(root, env_docs::check),
    ),
    step(
        "checklist",
        "every service crate proves the integration checklist",
        |root| check(root, checklist::check),
    ),
    step(
        "codegen stripe --check",
        "the generated part of integration-stripe is that of the document, where it is at hand",
        generated,
    ),
    step(
        "clippy",
        "lints of all targets with all features, warnings are errors",
        cargo::clippy,
    ),
    step(
        "tests",
        "unit, contract and end-to-end tests with all features",
        cargo::tests,
    ),
    step(
        "doctests",
        "the examples in the docs and READMEs",
        cargo::doctests,
    ),
    step("docs", "the docs build without a warning", cargo::docs),
    step(
        "features",
        "each crate alone with none, default and all features",
        features::run,
    ),
    step(
        "examples",
        "the README's example, and a crate fresh from `new-service`, compile and pass",
        examples::run,
    ),
];

/// Runs one step by name; `None` when there is none of that name.
pub(crate) fn run_one(root: &Path, name: &str, out: &mut impl Write) -> Option<io::Result<bool>> {
    let step = STEPS
        .iter()
        .chain(&extra::STEPS)
        .find(|step| step.name == name)?;
    Some(run_step(root, step, out).map(|report| !report.failed))
}

/// Runs every step; tells whether all passed.
pub(crate) fn run(root: &Path, full: bool, out: &mut impl Write) -> io::Result<bool> {
    let mut counts = Counts::default();
    let mut failed = Vec::new();
    let extra: &[Step] = if full { &extra::STEPS } else { &[] };
    let mut seconds = 0.0;
    for step in STEPS.iter().chain(extra) {
        let (report, took) = timed(|| run_step(root, step, out));
        let report = report?;
        seconds += took.as_secs_f64();
        counts.add(report.counts);
        if report.failed {
            failed.push(step.name);
        }
    }
    writeln!(out)?;
    match failed.as_slice() {
        [] => writeln!(out, "all steps ok in {seconds:.0} s")?,
        names => writeln!(out, "FAILED in {seconds:.0} s: {}", names.join(", "))?,
    }
    writeln!(out, "{counts}")?;
    Ok(failed.is_empty() && counts.failed == 0)
}

fn run_step(root: &Path, step: &Step, out: &mut impl Write) -> io::Result<Report> {
    write!(out, "{:<22}", step.name)?;
    out.flush()?;
    let (report, took) = timed(|| (step.run)(root));
    let verdict = match (&report.skipped, report.failed) {
        (Some(why), _) => format!("skipped: {why}"),
        (None, true) => "FAIL".to_owned(),
        (None, false) => "ok".to_owned(),
    };
    writeln!(out, "{:>7.1} s  {verdict}", took.as_secs_f64())?;
    for line in &report.lines {
        writeln!(out, "    {line}")?;
    }
    if report.failed {
        for line in report.output.trim_end().lines() {
            writeln!(out, "  | {line}")?;
        }
    }
    out.flush()?;
    Ok(report)
}

#[expect(
    clippy::disallowed_methods,
    reason = "measures the build itself; nothing here is tested on a clock"
)]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let done = work();
    (done, start.elapsed())
}

fn check(root: &Path, check: fn(&Tree) -> Vec<Problem>) -> Report {
    match Tree::read(root) {
        Ok(tree) => Report::of(&check(&tree)),
        Err(e) => Report::failure(format!("cannot read the workspace: {e}")),
    }
}

fn check_deps(root: &Path) -> Report {
    let mut report = check(root, deps::check);
    match cargo::answer(root, &deps::CORE_TREE_ARGUMENTS) {
        Ok(answer) => {
            let more = Report::of(&deps::check_core_tree(&answer));
            report.failed |= more.failed;
            report.output.push_str(&more.output);
        }
        Err(output) => {
            report.failed = true;
            report.output.push_str(&output);
        }
    }
    report
}
