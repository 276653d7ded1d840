//! Connections whose tokens stay alive: one refresh for all tasks and processes, never a lost one.
//!
//! [`OAuth::connect`] keeps the tokens of a login, [`OAuth::tokens`] hands them out for as long as
//! the user lets them live, and [`OAuth::disconnect`] ends them.
//!
//! ```
//! # use std::sync::Arc;
//! # use integration_oauth::{Refresher, Result, TokenSet, preset::RefreshRules};
//! use integration_oauth::{
//!     OAuth,
//!     connection::ConnectionKey,
//!     seal::{KeyRing, SealingKey},
//!     store::MemoryStore,
//! };
//! # #[derive(Debug)]
//! # struct Demo(RefreshRules);
//! # #[async_trait::async_trait]
//! # impl Refresher for Demo {
//! #     fn name(&self) -> &str { "demo" }
//! #     fn rules(&self) -> &RefreshRules { &self.0 }
//! #     async fn refresh(&self, held: &TokenSet) -> Result<TokenSet> { Ok(held.clone()) }
//! #     async fn revoke(&self, _: &TokenSet) -> Result<()> { Ok(()) }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! # let demo = Arc::new(Demo(RefreshRules::default()));
//! let oauth = OAuth::builder()
//!     .refresher(demo) // in earnest: .provider(..)
//!     .store(Arc::new(MemoryStore::new()))
//!     .vault(Arc::new(KeyRing::new(SealingKey::generate("2026-11")?)))
//!     .build()?;
//! let key = ConnectionKey::new("acme", "demo", "42")?;
//! oauth.connect(key.clone(), TokenSet::new("t0k3n")).await?;
//! let token = oauth.tokens(&key)?.get().await?;
//! assert_eq!(token.token_type(), "Bearer");
//! oauth.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # How a refresh goes
//!
//! 1. A token at hand is served without a lock that anybody waits for, by the wall clock: a machine
//!    that slept has older tokens. Near its end it is still served, and replaced behind the caller.
//! 2. The refresh is a task of its own, one for all callers of a process. It asks the store for a
//!    lease. The grant counts up a fence and writes the intent to spend the refresh token: a store
//!    that takes no writes has failed before anything is spent.
//! 3. The exchange is one attempt, and ends before the lease does. What it brings is written only if
//!    no lease was granted since, and written again until that works; meanwhile it is used.
//! 4. Other processes wait for the write. If the lease ends without one, its owner has died or is
//!    late: the next owner looks for tokens that were parked for it, waits a moment for them, and
//!    then tries the old refresh token once. Refused, it is gone
//!    ([`RotationInterrupted`](crate::connection::ReauthReason)), and one event says so.
//! 5. An owner that comes too late parks its tokens for the owner of now, and takes them back out
//!    if that one has given the connection up.
//!
//! # When not to use it
//!
//! For a token that needs no user and that nobody shares, a
//! [`CachedToken`](integration_core::credentials::CachedToken) over the provider's grant is less.
//! Two processes with two stores for one connection are two owners of one refresh token: no lease
//! can help them.
//!
//! # What it cannot do
//!
//! A process that dies between the answer of the provider and the write has the only copy of the new
//! refresh token. Where the provider accepts the old one for a while nothing is lost, elsewhere the
//! user has to log in again. A machine that sleeps in that moment for longer than the lease is such
//! a process to the others.

mod access;
mod builder;
mod cell;
mod circuit;
mod codec;
mod config;
mod connection;
mod ending;
mod errors;
mod events;
mod inner;
mod life;
mod oauth;
mod of_provider;
mod refresh;
mod refresher;
mod sweeper;
mod tasks;
mod tokens;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use self::{
    access::AccessToken,
    builder::OAuthBuilder,
    config::LifeConfig,
    connection::{Connection, Connections},
    errors::Unusable,
    events::{ConnectionChange, ConnectionEvent, EventSink},
    oauth::OAuth,
    refresher::Refresher,
    sweeper::SweepConfig,
    tokens::Tokens,
};
