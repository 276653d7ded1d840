//! Every check and generator of the workspace. `cargo xtask` alone lists them.
#![expect(
    clippy::print_stderr,
    reason = "a command-line tool says on stderr what stopped it"
)]

mod bench_jwt;
mod build_cost;
mod checklist;
mod ci;
mod codegen;
mod deps;
mod env_docs;
mod house;
mod layout;
mod lone;
mod new_service;
#[cfg(test)]
mod scratch;
mod secrets;
mod source;
mod tree;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use crate::tree::Tree;

fn main() -> ExitCode {
    if let Some(log) = std::env::var_os(build_cost::wrapper::LOG) {
        return build_cost::wrapper::run(&log).unwrap_or_else(|e| {
            eprintln!("xtask as wrapper of rustc: {e}");
            ExitCode::FAILURE
        });
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("xtask: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command; tells whether it found nothing wrong.
fn run(arguments: &[&str], out: &mut impl Write) -> io::Result<bool> {
    match arguments {
        [] | ["help" | "--help" | "-h"] => help(out).map(|()| true),
        ["ci"] => ci::run(&root()?, false, out),
        ["ci", "--full"] => ci::run(&root()?, true, out),
        ["bench-jwt", words @ ..] => bench_jwt::run(&root()?, words, out),
        ["build-cost", words @ ..] => build_cost::run(&root()?, words, out),
        ["codegen", words @ ..] => codegen::run(&root()?, words, out),
        ["env-docs"] => write_env_docs(&root()?, out),
        ["new-service", name] => write_service(&root()?, name, out),
        ["new-service", name, "--dry-run"] | ["new-service", "--dry-run", name] => {
            for (path, text) in new_service::files(name).map_err(io::Error::other)? {
                writeln!(out, "{path} ({} lines)", text.lines().count())?;
            }
            Ok(true)
        }
        words => ci::run_one(&root()?, &words.join(" "), out).unwrap_or_else(|| {
            let words = words.join(" ");
            Err(io::Error::other(format!(
                "`{words}` is no command; `cargo xtask` alone lists them"
            )))
        }),
    }
}

fn help(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "Every check and generator of the workspace.\n\nUsage: cargo xtask COMMAND\n"
    )?;
    let row = |out: &mut dyn Write, name: &str, about: &str| writeln!(out, "  {name:<22} {about}");
    row(
        out,
        "ci",
        "every check below, one line a step; needs the toolchain only",
    )?;
    row(
        out,
        "ci --full",
        "also deny, machete, hack, semver-checks where they are installed",
    )?;
    row(
        out,
        "bench-jwt",
        "CPU microseconds of a token's check beside jsonwebtoken and huskarl; minutes; --quick",
    )?;
    row(
        out,
        "build-cost",
        "CPU seconds of clean builds, of core (default) or stripe; minutes, Linux",
    )?;
    row(
        out,
        "codegen stripe",
        "--spec FILE [--check]: writes or compares the generated part of integration-stripe",
    )?;
    row(out, "env-docs", "writes docs/ENV.md from the ENV tables")?;
    row(
        out,
        "new-service NAME",
        "writes crates/integration-NAME; --dry-run only lists its files",
    )?;
    writeln!(out, "\nThe steps of ci, each a command too:\n")?;
    for step in &ci::STEPS {
        row(out, step.name, step.about)?;
    }
    writeln!(
        out,
        "\nExamples:\n  cargo xtask ci\n  cargo xtask check-deps\n  cargo xtask new-service sendgrid --dry-run"
    )
}

fn write_env_docs(root: &Path, out: &mut impl Write) -> io::Result<bool> {
    match env_docs::generate(&Tree::read(root)?) {
        Ok(text) => {
            fs::write(root.join(env_docs::PATH), text)?;
            writeln!(out, "wrote {}", env_docs::PATH)?;
            Ok(true)
        }
        Err(problems) => {
            for problem in problems {
                writeln!(out, "{problem}")?;
            }
            Ok(false)
        }
    }
}

fn write_service(root: &Path, name: &str, out: &mut impl Write) -> io::Result<bool> {
    for path in new_service::write(root, name)? {
        writeln!(out, "{path}")?;
    }
    // The length of the name moves line ends. Without rustfmt the step `fmt` tells.
    let package = format!("integration-{name}");
    let _ = Command::new("cargo")
        .args(["fmt", "--package", &package])
        .current_dir(root)
        .status();
    writeln!(
        out,
        "\nNext: add {package} to [workspace.dependencies], README.md and docs/ARCHITECTURE.md, then `cargo xtask env-docs`."
    )?;
    Ok(true)
}

/// The folder of the workspace, from anywhere inside it.
fn root() -> io::Result<PathBuf> {
    let here = std::env::current_dir()?;
    here.ancestors()
        .find(|folder| {
            let manifest = fs::read_to_string(folder.join("Cargo.toml"));
            manifest.is_ok_and(|text| text.lines().any(|line| line == "[workspace]"))
        })
        .map(Path::to_owned)
        .ok_or_else(|| io::Error::other("run this inside the workspace"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_step_and_an_example() {
        let mut out = Vec::new();
        run(&[], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for step in &ci::STEPS {
            assert!(text.contains(step.name), "{}", step.name);
        }
        assert!(text.contains("new-service sendgrid"));
        assert!(text.contains("bench-jwt") && text.contains("build-cost"));
    }

    #[test]
    fn an_unknown_command_is_named() {
        let error = run(&["chek-deps"], &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("`chek-deps` is no command"));
    }
}
