//! How a process is told that it is watched.

use integration_core::EnvVar;

/// Where a process that is watched writes.
pub(super) const FOLDER: &str = "INTEGRATION_LEAKS";

/// The variable that tells a process that it is watched.
pub const ENV: &[EnvVar] = &[EnvVar {
    name: "INTEGRATION_LEAKS",
    help: "set by a test for the processes it starts: the folder where they write what they log (`log-*`) and the secrets they use (`noted-*`, or `wire-*` with what they were sent and answered)",
    default: None,
    required: false,
    secret: false,
}];
