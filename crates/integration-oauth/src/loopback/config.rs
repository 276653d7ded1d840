//! The variables that say which browser there is.

use integration_core::{
    EnvVar, Result,
    config::{Vars, process_env},
};

/// The variables that [`Browser::System`](super::Browser::System) goes by.
pub const ENV: &[EnvVar] = &[
    EnvVar {
        name: "BROWSER",
        help: "Command that opens an address in a browser, `%s` standing for the address; several are parted by colons.",
        default: None,
        required: false,
        secret: false,
    },
    EnvVar {
        name: "DISPLAY",
        help: "Where windows are shown. On Linux no browser is opened without it or `WAYLAND_DISPLAY`.",
        default: None,
        required: false,
        secret: false,
    },
    EnvVar {
        name: "WAYLAND_DISPLAY",
        help: "As `DISPLAY`, where there is Wayland.",
        default: None,
        required: false,
        secret: false,
    },
];

/// What the environment says about browsers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Desktop {
    /// Commands to try first, in order.
    pub(super) commands: Vec<String>,
    pub(super) has_display: bool,
}

impl Desktop {
    pub(super) fn from_env() -> Result<Self> {
        Self::from_vars(process_env)
    }

    pub(super) fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let vars = Vars::new(ENV, &lookup);
        let commands = vars.get("BROWSER")?.unwrap_or_default();
        let commands = commands.split(':').map(str::trim);
        let is_set = |name| Ok::<_, integration_core::Error>(vars.get(name)?.is_some());
        Ok(Self {
            commands: commands
                .filter(|command| !command.is_empty())
                .map(str::to_owned)
                .collect(),
            has_display: is_set("DISPLAY")? || is_set("WAYLAND_DISPLAY")?,
        })
    }
}
