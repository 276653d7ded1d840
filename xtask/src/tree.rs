//! The files of the workspace, in memory: every check is a pure function over a [`Tree`].

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    process::Command,
};

/// Folders that a tree without git does not enter.
const NOT_SOURCE: [&str; 4] = [".git", "target", "node_modules", "integration-data"];

/// What a check found, with the place and the fix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub(crate) path: String,
    /// From 1; 0 when the file as a whole is meant.
    pub(crate) line: usize,
    /// What is wrong and what to do about it, in one line.
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Paths with `/` relative to the root, and the text of each; bytes that are not UTF-8 are replaced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads what git tracks or would track; without git, every file outside [`NOT_SOURCE`].
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let paths = match tracked(root) {
            Some(paths) => paths,
            None => walked(root)?,
        };
        let mut tree = Self::default();
        for path in paths {
            match std::fs::read(root.join(&path)) {
                Ok(bytes) => tree.insert(&path, String::from_utf8_lossy(&bytes)),
                // Deleted but not yet committed.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                // A link to a folder.
                Err(e) if e.kind() == io::ErrorKind::IsADirectory => {}
                Err(e) => return Err(e),
            }
        }
        Ok(tree)
    }

    pub(crate) fn insert(&mut self, path: &str, text: impl Into<String>) {
        self.files.insert(path.to_owned(), text.into());
    }

    #[cfg(test)]
    pub(crate) fn remove(&mut self, path: &str) -> Option<String> {
        self.files.remove(path)
    }

    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// All files in order of their paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(p, t)| (p.as_str(), t.as_str()))
    }

    /// Files below a folder, which is given with its last `/`.
    pub(crate) fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        self.iter()
            .filter(move |(path, _)| path.starts_with(folder))
    }

    /// Names of the folders directly below `crates/`, each once.
    pub(crate) fn crates(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .below("crates/")
            .filter_map(|(path, _)| {
                path.split('/')
                    .nth(1)
                    .filter(|_| path.matches('/').count() > 1)
            })
            .collect();
        names.dedup();
        names
    }
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .ok()
        .filter(|o| o.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(
        text.split('\0')
            .filter(|p| !p.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

fn walked(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if !entry.file_type()?.is_dir() {
                found.push(path.to_string_lossy().replace('\\', "/"));
            } else if !NOT_SOURCE.iter().any(|n| entry.file_name() == *n) {
                folders.push(path);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_its_place() {
        assert_eq!(
            Problem::new("a.rs", 3, "wrong").to_string(),
            "a.rs:3: wrong"
        );
        assert_eq!(
            Problem::new("a.rs", 0, "missing").to_string(),
            "a.rs: missing"
        );
    }

    #[test]
    fn crates_are_the_folders_below_crates_once_each() {
        let mut tree = Tree::default();
        for path in [
            "crates/a/Cargo.toml",
            "crates/a/src/lib.rs",
            "crates/b/x",
            "crates/README.md",
        ] {
            tree.insert(path, "");
        }
        assert_eq!(tree.crates(), ["a", "b"]);
    }

    #[test]
    fn without_git_the_build_folder_is_not_entered() {
        let root = crate::scratch::Scratch::new("walked");
        for path in ["src/a.rs", "target/b.rs", "crates/x/node_modules/c.js"] {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        assert_eq!(walked(root.path()).unwrap(), ["src/a.rs"]);
    }
}
