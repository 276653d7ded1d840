//! What Linux says about a running process.

use std::{fs, path::Path};

/// Size of a running process at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Resident memory in kilobytes.
    pub resident_kb: u64,
    /// Open file descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: u64,
}

/// Measures a process.
#[must_use]
pub fn size(pid: u32) -> Size {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("process is running");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let digits = line.and_then(|rest| rest.split_whitespace().next());
        digits
            .and_then(|digits| digits.parse().ok())
            .expect("field of /proc/PID/status")
    };
    Size {
        resident_kb: field("VmRSS:"),
        descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
        threads: field("Threads:"),
    }
}

/// Returns the bytes the files of a folder occupy; the folder has no folders inside.
#[must_use]
pub fn bytes_in(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten();
    files
        .filter_map(|file| file.ok()?.metadata().ok())
        .map(|file| file.len())
        .sum()
}
