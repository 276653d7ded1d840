//! Reads what cargo and Linux say.

use std::collections::BTreeSet;

use toml::{Table, Value};

/// Processor clock ticks a second; fixed at 100 in what Linux shows to user space.
const TICKS_PER_SECOND: f64 = 100.0;

/// The features that a manifest asks of one dependency.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Features(Vec<String>);

impl Features {
    /// As an array of a manifest.
    pub(super) fn as_toml(&self) -> String {
        let names: Vec<String> = self.0.iter().map(|name| format!("\"{name}\"")).collect();
        format!("[{}]", names.join(", "))
    }

    /// The same and one more.
    pub(super) fn with(&self, name: &str) -> Self {
        let more = std::iter::once(name.to_owned());
        Self(self.0.iter().cloned().chain(more).collect())
    }

    pub(super) fn names(&self) -> String {
        self.0.join(", ")
    }
}

/// Reads the features of a dependency; an error says what is missing.
pub(super) fn features(manifest: &str, dependency: &str) -> Result<Features, String> {
    let root: Table = manifest
        .parse()
        .map_err(|e| format!("a manifest is not TOML: {e}"))?;
    let found = root
        .get("dependencies")
        .and_then(|table| table.get(dependency))
        .ok_or_else(|| format!("[dependencies] has no {dependency}"))?;
    let names = found.get("features").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    Ok(Features(names.map(str::to_owned).collect()))
}

/// Counts the packages in the answer of `cargo tree --prefix none`, without the first, the root.
pub(super) fn dependencies(tree: &str) -> usize {
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    let packages: BTreeSet<_> = tree.lines().filter_map(package).collect();
    packages.len().saturating_sub(1)
}

/// Reads from `/proc/self/stat` the processor time of ended children, user and system.
pub(super) fn children_seconds(stat: &str) -> Option<f64> {
    // The second field is the name in brackets and may hold blanks; cutime and cstime are 16 and 17.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(13);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

/// What one rustc took.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Took {
    pub(super) name: String,
    pub(super) cpu_seconds: f64,
    pub(super) peak_kb: u64,
}

impl Took {
    /// A line of the log.
    pub(super) fn to_line(&self) -> String {
        let Self {
            name,
            cpu_seconds,
            peak_kb,
        } = self;
        format!("{name} {cpu_seconds} {peak_kb}\n")
    }
}

/// Reads the log; what is no line of it is left out.
pub(super) fn took(log: &str) -> Vec<Took> {
    let line = |line: &str| {
        let mut words = line.split(' ');
        Some(Took {
            name: words.next()?.to_owned(),
            cpu_seconds: words.next()?.parse().ok()?,
            peak_kb: words.next()?.parse().ok()?,
        })
    };
    log.lines().filter_map(line).collect()
}

pub(super) fn seconds(took: &[Took]) -> f64 {
    took.iter().map(|one| one.cpu_seconds).sum()
}

pub(super) fn highest(took: &[Took]) -> u64 {
    took.iter().map(|one| one.peak_kb).max().unwrap_or(0)
}

/// Reads from `/proc/PID/status` the most memory a process has had.
pub(super) fn peak_kb(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_those_of_the_dependency() {
        let manifest = "[dependencies]\nserde = \"1\"\nreqwest = { workspace = true, features = [\"a\", \"b\"] }\n[dev-dependencies]\nreqwest = { features = [\"c\"] }\n";
        let found = features(manifest, "reqwest").unwrap();
        assert_eq!(found.as_toml(), "[\"a\", \"b\"]");
        assert_eq!(found.names(), "a, b");
        assert_eq!(features(manifest, "serde").unwrap().as_toml(), "[]");
    }

    #[test]
    fn a_dependency_that_is_not_there_is_named() {
        let error = features("[dependencies]\n", "reqwest").unwrap_err();
        assert_eq!(error, "[dependencies] has no reqwest");
        assert!(
            features("[dependencies", "reqwest")
                .unwrap_err()
                .contains("TOML")
        );
    }

    #[test]
    fn each_package_counts_once_and_the_root_not_at_all() {
        let tree = "root v0.1.0 (/a b)\nbytes v1.0.0\ntokio v1.2.0\nbytes v1.0.0 (*)\nbytes v0.4.0\nmacros v1.0.0 (proc-macro)\n\n";
        assert_eq!(dependencies(tree), 4);
        assert_eq!(dependencies("root v0.1.0 (/a)\n"), 0);
        assert_eq!(dependencies(""), 0);
    }

    #[test]
    fn what_is_noted_is_read_again() {
        let one = |name: &str, cpu_seconds: f64, peak_kb: u64| Took {
            name: name.to_owned(),
            cpu_seconds,
            peak_kb,
        };
        let all = [one("a", 1.25, 70), one("b_c", 0.5, 900)];
        let log: String = all.iter().map(Took::to_line).collect();
        assert_eq!(took(&format!("{log}cut 1.")), all);
        assert_eq!((seconds(&all), highest(&all)), (1.75, 900));
    }

    #[test]
    fn the_peak_of_a_process_is_found_among_its_lines() {
        let status = "Name:\trustc\nVmPeak:\t  900 kB\nVmHWM:\t  123 kB\n";
        assert_eq!(peak_kb(status), Some(123));
        assert_eq!(peak_kb("Name:\tzombie\n"), None);
    }

    #[test]
    fn the_time_of_children_is_read_behind_a_name_with_brackets() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 1000 2000 150 50 20 0 1 0 99";
        assert_eq!(children_seconds(stat), Some(2.0));
        assert_eq!(children_seconds("7 (a) S 1 2"), None);
        assert_eq!(children_seconds(""), None);
    }
}
