mod complete;
mod mistakes;
mod sources;

use super::{ServiceSettings, Settings};
use crate::{error::Result, resilience::Preset};

/// No variables.
const NO_ENV: [(&str, &str); 0] = [];

/// The settings of `demo` over the preset `standard`.
fn demo(toml: &str) -> Result<ServiceSettings> {
    Settings::from_toml(toml)?.service("demo", Preset::Standard)
}

/// What is wrong, in words.
fn wrong(toml: &str) -> String {
    demo(toml).unwrap_err().to_string()
}
