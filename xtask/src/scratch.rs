//! A folder that is gone after the test. Only for tests: xtask takes no crate for it.

use std::{
    path::{Path, PathBuf},
    process,
};

pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("xtask-{}-{name}", process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder left behind in the temporary directory does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
