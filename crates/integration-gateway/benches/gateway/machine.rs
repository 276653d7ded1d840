//! What Linux says about a process: processor time, memory.

use std::{fs, fs::File, io::Write as _, path::Path, time::Duration};

use integration_core::{Clock as _, SystemClock};

/// Processor clock ticks a second; fixed at 100 in what Linux shows to user space.
const TICKS_PER_SECOND: u64 = 100;

/// Returns the processor time a process has used so far, user and system.
pub(crate) fn cpu_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("child is running");
    // The second field is the name in brackets and may hold blanks; utime and stime are 14 and 15.
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let ticks: u64 = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// Returns a field of `/proc/PID/status` in MB (10^6), such as `VmHWM` or `VmRSS`.
pub(crate) fn memory_mb(pid: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("child is running");
    let kib: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(f64::NAN);
    kib * 1024.0 / 1e6
}

/// Describes the machine in one line.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    format!("{cores} cores, {model}, load {load} at the start")
}

/// Returns how many times a second a page can be appended to a file in `folder` and synced: no
/// commit that waits for the disk is faster, one after the other.
pub(crate) fn fsyncs_per_second(folder: &Path) -> f64 {
    const COUNT: u32 = 1_000;
    let mut file = File::create(folder.join("fsync")).unwrap();
    let began = SystemClock.now();
    for _ in 0..COUNT {
        file.write_all(&[1; 4096]).unwrap();
        file.sync_data().unwrap();
    }
    f64::from(COUNT) / (SystemClock.now() - began).as_secs_f64()
}
