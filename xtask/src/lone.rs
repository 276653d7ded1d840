//! Workspaces of their own with our versions and profile, for what a user would write and for peers
//! that no package of ours depends on.

use std::{fs, io, path::Path};

use crate::ci::cargo;

/// Lays out a workspace without packages that takes ours from `root` by path.
pub(crate) fn workspace(root: &Path, folder: &Path) -> io::Result<()> {
    let ours = fs::read_to_string(root.join("Cargo.toml"))?;
    fs::create_dir_all(folder)?;
    fs::write(folder.join("Cargo.toml"), manifest(&ours, root))?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

/// Adds a package that has one source file.
///
/// `manifest` is what follows the head of its manifest.
pub(crate) fn package(
    folder: &Path,
    name: &str,
    manifest: &str,
    (file, text): (&str, &str),
) -> io::Result<()> {
    let source = folder.join("crates").join(name).join("src");
    fs::create_dir_all(&source)?;
    let head = format!(
        "[package]\nname = \"{name}\"\nversion.workspace = true\nedition.workspace = true\npublish = false\n\n"
    );
    fs::write(source.with_file_name("Cargo.toml"), head + manifest)?;
    fs::write(source.join(file), text)
}

/// The target folder, wherever the environment or a config has put it.
pub(crate) fn target(root: &Path) -> Result<String, String> {
    let metadata = cargo::answer(root, &["metadata", "--no-deps", "--format-version=1"])?;
    let (_, rest) = metadata
        .split_once("\"target_directory\":\"")
        .ok_or("cargo metadata names no target folder")?;
    Ok(rest
        .split('"')
        .next()
        .unwrap_or_default()
        .replace("\\\\", "\\"))
}

fn manifest(ours: &str, root: &Path) -> String {
    let root = root.display();
    let mut text = String::new();
    for line in ours.lines() {
        let line = if line.starts_with("members = ") {
            "members = [\"crates/*\"]".to_owned()
        } else if line.starts_with("default-members") || line.starts_with("exclude") {
            continue;
        } else {
            line.replace("path = \"crates/", &format!("path = \"{root}/crates/"))
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_our_crates_by_path() {
        let ours = "[workspace]\nmembers = [\"crates/*\", \"tests\"]\nexclude = []\na = { path = \"crates/a\" }\n";
        assert_eq!(
            manifest(ours, Path::new("/r")),
            "[workspace]\nmembers = [\"crates/*\"]\na = { path = \"/r/crates/a\" }\n"
        );
    }
}
