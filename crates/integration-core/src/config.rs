//! Configuration from the environment. Only the `config` module of a crate reads it.

/// One environment variable that a crate reads, as its documentation states it.
///
/// Every crate lists its variables in a `pub const ENV: &[EnvVar]`; what is not in the table is
/// not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvVar {
    /// The name of the variable.
    pub name: &'static str,
    /// What it sets, with unit and range, in one line.
    pub help: &'static str,
    /// What holds when it is not set.
    pub default: Option<&'static str>,
    /// Whether it must be set.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
}
