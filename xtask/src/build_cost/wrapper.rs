//! What one rustc took: xtask stands between cargo and rustc, as `RUSTC_WRAPPER`, and notes it.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, OpenOptions},
    io::{self, Write},
    process::{Command, ExitCode},
    thread,
    time::Duration,
};

use super::read::{self, Took};

/// The variable that makes xtask a wrapper, and names the file it notes in.
pub(crate) const LOG: &str = "XTASK_RUSTC_LOG";

/// How often the memory of rustc is looked at; it only grows, so the last look is the peak but for
/// what it took since.
const LOOK: Duration = Duration::from_millis(10);

/// Runs rustc, whose command line are the words of this process, and notes what it took.
pub(crate) fn run(log: &OsStr) -> io::Result<ExitCode> {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    let [rustc, words @ ..] = words.as_slice() else {
        return Err(io::Error::other("a wrapper needs a command"));
    };
    let mut child = Command::new(rustc).args(words).spawn()?;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
        peak = peak.max(status.ok().and_then(|s| read::peak_kb(&s)).unwrap_or(0));
        nap();
    };
    let name = words
        .iter()
        .skip_while(|word| *word != "--crate-name")
        .nth(1);
    if let Some(name) = name {
        let took = Took {
            name: name.to_string_lossy().into_owned(),
            cpu_seconds: super::children_seconds()?,
            peak_kb: peak,
        };
        let mut log = OpenOptions::new().create(true).append(true).open(log)?;
        log.write_all(took.to_line().as_bytes())?;
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program of its own, whose one thread waits for another process"
)]
fn nap() {
    thread::sleep(LOOK);
}
