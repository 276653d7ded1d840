//! A test binary, run once more.

use std::{env, fs, io, path::PathBuf, process::Command};

use super::{
    config::FOLDER,
    search::{self, Report},
};

/// Runs the tests of this binary in a process of its own, which is watched.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Run {
    filters: Vec<String>,
    skipped: Vec<String>,
}

impl Run {
    /// Runs all tests.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs the tests whose name contains this, beside others that are named so.
    pub fn only(mut self, filter: &str) -> Self {
        self.filters.push(filter.to_owned());
        self
    }

    /// Leaves out the tests whose name contains this. The test that runs the others is one.
    pub fn skip(mut self, filter: &str) -> Self {
        self.skipped.push(filter.to_owned());
        self
    }

    /// Runs them, and searches what they logged or wrote for the secrets that were noted meanwhile.
    ///
    /// # Errors
    ///
    /// When a test fails or the logs cannot be read: what did not run was not searched.
    pub fn search(self) -> io::Result<Report> {
        let folder = Folder::new()?;
        let mut command = Command::new(env::current_exe()?);
        command.args(self.filters).env(FOLDER, &folder.0);
        for filter in self.skipped {
            command.args(["--skip", &filter]);
        }
        let output = command.arg("--nocapture").output()?;
        fs::write(folder.0.join("stdout"), &output.stdout)?;
        fs::write(folder.0.join("stderr"), &output.stderr)?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout);
            let failed: Vec<&str> = text
                .lines()
                .filter(|line| line.contains("FAILED"))
                .collect();
            return Err(io::Error::other(format!(
                "tests failed when they were watched: {failed:?}"
            )));
        }
        search::search(&folder.0)
    }
}

/// A folder of this run, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let name = format!(
            "integration-leaks-{}-{:016x}",
            std::process::id(),
            fastrand::u64(..)
        );
        let path = env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays behind is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
