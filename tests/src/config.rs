//! The one place of the end-to-end tests that reads the environment.

use std::path::{Path, PathBuf};

use integration_core::EnvVar;

/// Variables the end-to-end tests read.
pub const ENV: &[EnvVar] = &[
    EnvVar {
        name: "INTEGRATION_SHARED",
        help: "folder with recorded cases (`corpus/webhooks/github-examples.jsonl.gz`); made-up payloads are posted without it",
        default: Some("../shared beside the workspace, where it exists"),
        required: false,
        secret: false,
    },
    EnvVar {
        name: "INTEGRATION_PEERS_NODE",
        help: "folder whose node_modules holds the official `stripe` and `standardwebhooks` packages, `stripe-stateful-mock`, and `oidc-provider` with `jose`",
        default: None,
        required: false,
        secret: false,
    },
    EnvVar {
        name: "INTEGRATION_PEERS_PYTHON",
        help: "virtual environment of Python with the official `stripe` package, and `localstripe`",
        default: None,
        required: false,
        secret: false,
    },
    EnvVar {
        name: "INTEGRATION_GATEWAY_BIN",
        help: "gateway program to test",
        default: Some("built with cargo when first needed"),
        required: false,
        secret: false,
    },
    EnvVar {
        name: "INTEGRATION_SOAK_SECONDS",
        help: "length of the soak test; 600 shows that nothing grows over 10 minutes",
        default: Some("5"),
        required: false,
        secret: false,
    },
    EnvVar {
        name: "CI",
        help: "`true` makes a missing peer a failure instead of a skip",
        default: None,
        required: false,
        secret: false,
    },
];

/// What the environment says about this run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder with the recorded cases, if there is one.
    pub shared: Option<PathBuf>,
    /// Folder with the official Node packages, if there is one.
    pub peers_node: Option<PathBuf>,
    /// Virtual environment with the official Python packages, if there is one.
    pub peers_python: Option<PathBuf>,
    /// Gateway program to test instead of building one.
    pub gateway_bin: Option<PathBuf>,
    /// Length of the soak test in seconds.
    pub soak_seconds: u64,
    /// Whether a missing peer fails the test.
    pub is_ci: bool,
}

impl Config {
    /// Reads the environment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the crate's config.rs")]
    pub fn from_env() -> Self {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// Reads variables from a closure.
    #[must_use]
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let path = |name| var(name).filter(|text| !text.is_empty()).map(PathBuf::from);
        let beside = workspace().join("../shared");
        Self {
            shared: path("INTEGRATION_SHARED").or_else(|| beside.is_dir().then_some(beside)),
            peers_node: path("INTEGRATION_PEERS_NODE"),
            peers_python: path("INTEGRATION_PEERS_PYTHON"),
            gateway_bin: path("INTEGRATION_GATEWAY_BIN"),
            soak_seconds: var("INTEGRATION_SOAK_SECONDS").map_or(5, |text| {
                text.parse().expect("INTEGRATION_SOAK_SECONDS is a number")
            }),
            is_ci: var("CI").is_some_and(|word| word == "true"),
        }
    }
}

/// Returns the root of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_read_is_in_the_table() {
        let is_listed = |name: &str| ENV.iter().any(|var| var.name == name);
        let config = Config::from_vars(|name| {
            assert!(is_listed(name), "{name} is not in ENV");
            None
        });
        assert_eq!(config.soak_seconds, 5);
        assert!(!config.is_ci);
    }

    #[test]
    fn an_empty_path_is_no_path() {
        let config = Config::from_vars(|name| (name == "INTEGRATION_PEERS_NODE").then(String::new));
        assert_eq!(config.peers_node, None);
    }
}
