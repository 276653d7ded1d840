//! What is told of a service.

use std::{fmt, sync::Arc};

use tokio::time::Instant;

use crate::error::ErrorKind;

/// Whether a service is usable. The later is the worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HealthStatus {
    /// Nothing speaks against it.
    #[default]
    Up,
    /// It answers, but not always or not now.
    Degraded,
    /// It does not answer.
    Down,
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
        })
    }
}

/// Why a service is not up. Made of fixed words, so that no answer of a server is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// The kind of failure; of many, the latest.
    pub kind: ErrorKind,
    /// What is wrong, in words.
    pub message: &'static str,
}

/// The state of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceHealth {
    /// The service.
    pub service: Arc<str>,
    /// Whether it is usable.
    pub status: HealthStatus,
    /// Since when it has this status.
    pub since: Instant,
    /// Why it is not up; `None` when it is.
    pub why: Option<Why>,
}

/// A status that became another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthChange {
    /// The status before.
    pub from: HealthStatus,
    /// The state now.
    pub to: ServiceHealth,
}
