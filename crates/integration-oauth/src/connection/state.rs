//! How a connection is doing.

use serde::{Deserialize, Serialize};

/// How a connection is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConnectionState {
    /// Its tokens work, or can be refreshed.
    Active,
    /// A process refreshes its tokens now. Read from the lease of a record, never stored.
    Refreshing,
    /// Only a new login helps.
    NeedsReauth(ReauthReason),
    /// The provider took it back, or we revoked its tokens there.
    Revoked,
    /// It was ended on our side.
    Disconnected,
}

/// Why only a new login helps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReauthReason {
    /// The provider refused the refresh token, with this word.
    Refused(String),
    /// A process died after it had spent the refresh token and before it had stored the next one.
    RotationInterrupted,
    /// The refresh token is past its own expiry.
    RefreshTokenExpired,
    /// The access token expired and there never was a refresh token.
    NoRefreshToken,
}
