//! Credentials that are no tokens: API keys, passwords, headers, and what is exchanged for a token.
//!
//! They lie sealed in the same store as connections, under a [`ConnectionKey`](crate::connection::ConnectionKey) of their own. To
//! change one without an outage, two live at once for a while: the next one is tried first, becomes
//! the current one with its first success, and as long as the provider takes the current one too, a
//! 401 leads back to it.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use integration_oauth::{
//!     connection::ConnectionKey,
//!     credential::{Credential, CredentialKeeper},
//!     seal::{KeyRing, SealingKey},
//!     store::MemoryStore,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> integration_oauth::Result<()> {
//! let vault = Arc::new(KeyRing::new(SealingKey::generate("2026-11")?));
//! let keeper = CredentialKeeper::new(Arc::new(MemoryStore::new()), vault);
//! let key = ConnectionKey::new("acme", "weather", "main")?;
//! let api_key = Credential::api_key("x-api-key", "k1");
//! let rotating = keeper.put(&key, api_key).await?;
//! // Weeks later; the provider takes the old one for another hour.
//! rotating.stage(Credential::api_key("x-api-key", "k2"), Duration::from_secs(3600)).await?;
//! let answer = rotating.call(async |headers| Ok(headers["x-api-key"].clone())).await?;
//! assert_eq!(answer, "k2");
//! # Ok(())
//! # }
//! ```
//!
//! A client of integration-core does all of this by itself with
//! [`RotatingCredential::credentials`].

mod event;
mod keeper;
mod kind;
mod lender;
mod rotating;
mod source;
mod stored;
mod versions;

pub use self::{
    event::CredentialEvent, keeper::CredentialKeeper, kind::Credential,
    rotating::RotatingCredential, source::TwoStepSource, versions::Version,
};
