//! A library to preload that makes every fsync cost one millisecond more.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Variables for a child whose fsync shall cost `SLOW_FSYNC_US` more.
pub(crate) type Preload = Vec<(&'static str, String)>;

/// Compiles the library into `folder`; `None`, with a printed line, where there is no C compiler.
pub(crate) fn build(folder: &Path, delay_us: u32) -> Option<Preload> {
    let source = folder.join("slow_fsync.c");
    fs::write(&source, include_str!("slow_fsync.c")).unwrap();
    let library: PathBuf = folder.join("slow_fsync.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-o"])
        .arg(&library)
        .arg(&source)
        .status();
    if !compiled.is_ok_and(|status| status.success()) {
        println!("skipped: the rows with a slow fsync need `cc`");
        return None;
    }
    Some(vec![
        ("LD_PRELOAD", library.display().to_string()),
        ("SLOW_FSYNC_US", delay_us.to_string()),
    ])
}
