//! One setting: its name, how it is written, and the place of its value.

use super::{given::Given, secret::SecretRef};
use crate::{
    http::HttpConfig,
    resilience::{Config, Preset},
};

/// All values of one service.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Values {
    pub(super) preset: Preset,
    pub(super) base: Option<String>,
    pub(super) secret: Option<SecretRef>,
    pub(super) policies: Config,
    pub(super) http: HttpConfig,
}

impl Values {
    pub(super) fn of(preset: Preset) -> Self {
        Self {
            preset,
            base: None,
            secret: None,
            policies: preset.policies(),
            http: preset.http(),
        }
    }
}

/// One setting. Made by a macro of the table, so that reading and showing have one place.
pub(super) struct Field {
    /// Below the name of the service, such as `retry.max_attempts`.
    pub(super) path: &'static str,
    pub(super) help: &'static str,
    pub(super) form: fn() -> String,
    /// Whether it stands for a whole section, which it switches on and off.
    pub(super) is_switch: bool,
    /// Sets the value; `None` where it has no place now.
    pub(super) read: fn(&mut Values, &Given) -> Option<Result<(), String>>,
    /// Writes the value as TOML; `None` where there is none.
    pub(super) show: fn(&mut Values) -> Option<String>,
}

impl Field {
    /// Whether this path is below that of the section.
    pub(super) fn is_below(&self, section: &str) -> bool {
        let rest = self.path.strip_prefix(section);
        rest.is_some_and(|rest| rest.starts_with('.'))
    }
}
