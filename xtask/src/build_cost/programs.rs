//! Programs in workspaces of their own, and what rustc takes for the crates of them that are
//! counted.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    read::{self, Took},
    wrapper,
};
use crate::{ci::cargo, lone};

/// A program that depends on the crates that are counted.
pub(super) struct Program {
    /// The workspace it is in, and its package.
    pub(super) folder: PathBuf,
    pub(super) package: &'static str,
    /// The packages that are counted beside it.
    pub(super) counted: &'static [&'static str],
    /// Tells rustc's name of a crate that is counted; that of the program is not asked for.
    pub(super) counts: fn(&str) -> bool,
}

/// What rustc took: for the crates alone, and with the program.
#[derive(Clone, Copy)]
pub(super) struct Spent {
    pub(super) crates: f64,
    pub(super) with_program: f64,
    pub(super) peak_kb: u64,
}

/// What is passed to cargo for a release without LTO: with it the program's rustc compiles all
/// dependencies again.
pub(super) const PLAIN_RELEASE: [&str; 4] = [
    "build",
    "--release",
    "--config",
    "profile.release.lto=false",
];

impl Program {
    /// Lays out a workspace with our versions and profile that has the program alone.
    ///
    /// `manifest` is what follows the head of its manifest.
    pub(super) fn lay_out(&self, root: &Path, manifest: &str, main: &str) -> io::Result<()> {
        lone::workspace(root, &self.folder)?;
        lone::package(&self.folder, self.package, manifest, ("main.rs", main))
    }

    /// Builds what is counted anew, its dependencies where they are not there yet.
    pub(super) fn build(&self, build: &[&str], features: &[&str]) -> io::Result<Spent> {
        self.clean()?;
        let log = self.folder.join("rustc.log");
        fs::write(&log, "")?;
        let arguments = [build, &["--quiet", "--package", self.package], features].concat();
        let built = cargo::run(
            cargo::cargo(&self.folder, &arguments)
                .arg("--target-dir")
                .arg(self.target())
                .env("CARGO_INCREMENTAL", "0")
                .env("RUSTC_WRAPPER", std::env::current_exe()?)
                .env(wrapper::LOG, &log),
        );
        if built.failed {
            return Err(io::Error::other(built.output));
        }
        self.spent(&read::took(&fs::read_to_string(&log)?))
    }

    fn spent(&self, took: &[Took]) -> io::Result<Spent> {
        let program = self.package.replace('-', "_");
        let of = |chosen: &dyn Fn(&str) -> bool| -> Vec<Took> {
            let took = took.iter().filter(|one| chosen(&one.name));
            took.cloned().collect()
        };
        let crates = of(&self.counts);
        let all = of(&|name| name == program || (self.counts)(name));
        if crates.is_empty() || all.len() == crates.len() {
            return Err(io::Error::other("rustc was not called for all"));
        }
        Ok(Spent {
            crates: read::seconds(&crates),
            with_program: read::seconds(&all),
            peak_kb: read::highest(&all),
        })
    }

    /// Bytes of the program that the last release made.
    pub(super) fn size(&self) -> io::Result<u64> {
        let program = self.target().join("release").join(self.package);
        Ok(fs::metadata(program)?.len())
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Removes what was built of the crates that are counted, of both profiles.
    fn clean(&self) -> io::Result<()> {
        if !self.target().exists() {
            return Ok(());
        }
        let mut stale = vec!["--package", self.package];
        for package in self.counted {
            stale.extend(["--package", package]);
        }
        for profile in [&[][..], &["--release"]] {
            let clean = [&["clean", "--quiet"], stale.as_slice(), profile].concat();
            let mut clean = cargo::cargo(&self.folder, &clean);
            let clean = cargo::run(clean.arg("--target-dir").arg(self.target()));
            if clean.failed {
                return Err(io::Error::other(clean.output));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Program {
        Program {
            folder: PathBuf::new(),
            package: "a-program",
            counted: &[],
            counts: |name| name == "stripe" || name.starts_with("stripe_"),
        }
    }

    fn took(names: &[&str]) -> Vec<Took> {
        let one = |(at, name): (u32, &&str)| Took {
            name: (*name).to_owned(),
            cpu_seconds: f64::from(1 << at),
            peak_kb: u64::from(at) + 10,
        };
        (0..).zip(names).map(one).collect()
    }

    #[test]
    fn dependencies_do_not_count_and_the_program_only_with_itself() {
        let took = took(&["serde", "stripe", "stripe_core", "stripes", "a_program"]);
        let spent = program().spent(&took).unwrap();
        assert_eq!((spent.crates, spent.with_program), (6.0, 22.0));
        assert_eq!(spent.peak_kb, 14);
    }

    #[test]
    fn a_build_that_did_not_call_rustc_for_all_counts_for_nothing() {
        assert!(program().spent(&took(&["stripe"])).is_err());
        assert!(program().spent(&took(&["a_program", "serde"])).is_err());
    }
}
