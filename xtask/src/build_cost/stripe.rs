//! `cargo xtask build-cost stripe`: what the generated crate costs, dependencies not counted.
//!
//! A workspace of its own has one program, the example `hello`, and depends on the crate; rustc's
//! processor time and memory are noted for these two alone. Other work on the machine makes the times
//! longer, by a lot where it is much: the least of several rounds is shown.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use super::{
    Scratch,
    read::{self, Took},
    wrapper,
};
use crate::{ci::cargo, new_service};

/// How often a check is repeated.
const ROUNDS: usize = 3;

/// The program that is built, and rustc's names of the two crates that are counted.
const HELLO: &str = "stripe-hello";
const COUNTED: [&str; 2] = ["integration_stripe", "stripe_hello"];

/// The features of everything.
const EVERYTHING: &[&str] = &["--features", "everything"];

/// One line of the table.
struct Row {
    what: &'static str,
    measured: f64,
    bar: f64,
}

/// Measures and prints the table; tells whether all bars were met.
pub(super) fn run(root: &Path, out: &mut impl Write) -> io::Result<bool> {
    let scratch = Scratch::new()?;
    lay_out(root, &scratch.0)?;
    let mut peak = 0;
    let mut check = |features: &[&str]| -> io::Result<f64> {
        let mut least = f64::MAX;
        for _ in 0..ROUNDS {
            let took = build(&scratch.0, &["check"], features)?;
            peak = peak.max(read::highest(&took));
            least = least.min(read::seconds(&took));
        }
        Ok(least)
    };
    writeln!(
        out,
        "| integration-stripe alone | measured | wanted | |\n|---|---|---|---|"
    )?;
    let mut passed = true;
    // At once, because the next one takes minutes.
    let mut show = |what, measured, bar| {
        let row = Row::new(what, measured, bar);
        passed &= row.passes();
        row.print(out)?;
        out.flush()
    };
    show("generated lines", generated_lines(root)?, 45_000.0)?;
    show("check, every noun, CPU s", check(EVERYTHING)?, 6.5)?;
    show("check, default features, CPU s", check(&[])?, 1.5)?;
    let plain = [
        "build",
        "--release",
        "--config",
        "profile.release.lto=false",
    ];
    let release = build(&scratch.0, &plain, EVERYTHING)?;
    let what = "release of the crate and a program, every noun, without LTO, CPU s";
    show(what, read::seconds(&release), 18.0)?;
    peak = peak.max(read::highest(&release));
    show("peak memory of rustc, GB", mega(peak) / 1000.0, 1.0)?;
    build(&scratch.0, &["build", "--release"], EVERYTHING)?;
    let program = fs::metadata(scratch.0.join("target/release").join(HELLO))?.len();
    show(
        "the program, stripped, thin LTO, MB",
        mega(program / 1000),
        4.5,
    )?;
    Ok(passed)
}

impl Row {
    const fn new(what: &'static str, measured: f64, bar: f64) -> Self {
        Self {
            what,
            measured,
            bar,
        }
    }

    fn passes(&self) -> bool {
        self.measured <= self.bar
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Self {
            what,
            measured,
            bar,
        } = self;
        let verdict = if self.passes() { "PASS" } else { "miss" };
        let digits = usize::from(*bar < 1000.0) * 2;
        writeln!(
            out,
            "| {what} | {measured:.digits$} | at most {bar} | {verdict} |"
        )
    }
}

/// Thousands of what is counted in KB.
#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn mega(kilo: u64) -> f64 {
    kilo as f64 / 1000.0
}

/// A workspace with our versions and profile that has the program alone.
fn lay_out(root: &Path, folder: &Path) -> io::Result<()> {
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let source = folder.join("crates").join(HELLO).join("src");
    fs::create_dir_all(&source)?;
    let lone = new_service::lone_workspace(&manifest, root);
    fs::write(folder.join("Cargo.toml"), lone)?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let hello = format!(
        "[package]\nname = \"{HELLO}\"\nversion.workspace = true\nedition.workspace = true\npublish = false\n\n\
         [features]\neverything = [\"integration-stripe/full\", \"integration-stripe/webhooks\"]\n\n\
         [dependencies]\nintegration-stripe.workspace = true\n\
         tokio = {{ workspace = true, features = [\"rt-multi-thread\", \"macros\"] }}\n"
    );
    fs::write(source.with_file_name("Cargo.toml"), hello)?;
    fs::copy(
        root.join("crates/integration-stripe/examples/hello.rs"),
        source.join("main.rs"),
    )?;
    Ok(())
}

/// Builds the program anew, its dependencies where they are not there yet; returns what rustc took
/// for the two crates that are counted.
fn build(folder: &Path, build: &[&str], features: &[&str]) -> io::Result<Vec<Took>> {
    let target = folder.join("target");
    let log = folder.join("rustc.log");
    let package = ["--package", HELLO];
    if target.exists() {
        // Of both profiles: it tells no build from a check.
        let stale = ["--package", "integration-stripe"];
        for profile in [&[][..], &["--release"]] {
            let clean = [&["clean", "--quiet"], &package[..], &stale, profile].concat();
            let clean = cargo::run(
                cargo::cargo(folder, &clean)
                    .arg("--target-dir")
                    .arg(&target),
            );
            if clean.failed {
                return Err(io::Error::other(clean.output));
            }
        }
    }
    fs::write(&log, "")?;
    let arguments = [build, &["--quiet"], &package, features].concat();
    let built = cargo::run(
        cargo::cargo(folder, &arguments)
            .arg("--target-dir")
            .arg(&target)
            .env("CARGO_INCREMENTAL", "0")
            .env("RUSTC_WRAPPER", std::env::current_exe()?)
            .env(wrapper::LOG, &log),
    );
    if built.failed {
        return Err(io::Error::other(built.output));
    }
    let mut took = read::took(&fs::read_to_string(&log)?);
    took.retain(|one| COUNTED.contains(&one.name.as_str()));
    if took.is_empty() {
        return Err(io::Error::other("rustc was not called"));
    }
    Ok(took)
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
    fn a_row_tells_whether_its_bar_is_met() {
        let shown = |measured: f64, bar: f64| {
            let mut out = Vec::new();
            Row::new("x", measured, bar).print(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(1.5, 1.5), "| x | 1.50 | at most 1.5 | PASS |\n");
        assert_eq!(shown(1.51, 1.5), "| x | 1.51 | at most 1.5 | miss |\n");
        assert_eq!(
            shown(31_286.0, 45_000.0),
            "| x | 31286 | at most 45000 | PASS |\n"
        );
    }
}
