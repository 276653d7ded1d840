//! Adds up what `cargo test` prints.

use std::fmt;

/// Tests that passed, failed and were not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl Counts {
    /// Reads the output of `cargo test`: the sum, and one line for every binary that ran a test.
    pub(super) fn read(output: &str) -> (Self, Vec<String>) {
        let results: Vec<(Self, &str)> = output
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("test result: "))
            .filter_map(|line| Some((result(line)?, line)))
            .collect();
        // They come on different streams; a binary that died has a name and no result.
        let mut names: Vec<&str> = output.lines().filter_map(binary).collect();
        if names.len() != results.len() {
            names = vec![""; results.len()];
        }
        let mut sum = Self::default();
        let mut lines = Vec::new();
        for ((counts, line), name) in results.into_iter().zip(names) {
            sum.add(counts);
            if counts != Self::default() {
                lines.push(
                    format!("{name:<28} test result: {line}")
                        .trim_start()
                        .to_owned(),
                );
            }
        }
        (sum, lines)
    }

    pub(super) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// The name in `Running unittests src/lib.rs (target/debug/deps/name-hash)` or `Doc-tests name`.
fn binary(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(name);
    }
    let (_, path) = line
        .strip_prefix("Running ")?
        .trim_end_matches(')')
        .split_once(" (")?;
    let file = path.rsplit(['/', '\\']).next()?;
    file.rsplit_once('-').map(|(name, _)| name)
}

/// `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
fn result(line: &str) -> Option<Counts> {
    let (_, numbers) = line.split_once(". ")?;
    let number = |word: &str| {
        let part = numbers
            .split("; ")
            .find_map(|p| p.trim().strip_suffix(word))?;
        part.trim().parse().ok()
    };
    Some(Counts {
        passed: number("passed")?,
        failed: number("failed")?,
        skipped: number("ignored")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_binaries_are_added() {
        let output = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s\n";
        let (counts, lines) = Counts::read(output);
        assert_eq!(counts.to_string(), "5 passed, 4 failed, 1 skipped");
        assert_eq!(
            lines.len(),
            2,
            "a binary without tests says nothing: {lines:?}"
        );
    }

    #[test]
    fn a_result_has_the_name_of_its_binary() {
        let result = |n| format!("test result: ok. {n} passed; 0 failed; 0 ignored\n");
        let running = "     Running unittests src/lib.rs (target/debug/deps/integration_core-0a1b)\n   Doc-tests it\n";
        let (_, lines) = Counts::read(&format!("{}{}{running}", result(1), result(2)));
        let starts =
            |line: &str, name: &str| line.starts_with(name) && line.contains("test result: ok.");
        assert!(
            starts(&lines[0], "integration_core ") && starts(&lines[1], "it "),
            "{lines:?}"
        );
        let (_, lines) = Counts::read(&format!("{}{running}", result(1)));
        assert!(
            lines[0].starts_with("test result"),
            "one died, so nobody knows which: {lines:?}"
        );
    }

    #[test]
    fn other_lines_are_no_results() {
        assert_eq!(
            Counts::read("test result: soon\nok. 3 passed").0,
            Counts::default()
        );
    }
}
