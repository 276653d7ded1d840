//! The token of a connection on the requests of an application.
//!
//! For a client of integration-core:
//!
//! ```
//! use integration_core::{credentials::Credentials, http::Client};
//! use integration_oauth::{OAuth, Result, connection::ConnectionKey};
//!
//! fn client(oauth: &OAuth, key: &ConnectionKey) -> Result<Client> {
//!     let builder = Client::standard("https://api.example.com/v1")?;
//!     builder.credentials(oauth.credentials(key)?).build()
//! }
//! ```
//!
//! For any other stack, `BearerLayer` (feature `tower`) around the service that sends.
//!
//! Both add `Authorization` to each attempt, with a proof where the token is bound to a key
//! (`DPoP`). An answer of 401 that blames the token has it replaced once, and the request sent once
//! more if it can be sent again. Which answers blame it is a rule of the provider
//! ([`ChallengeRule`](crate::preset::ChallengeRule)): a 401 for a missing right must not cost a
//! refresh for every call.

mod blame;
mod bound;
mod lender;
#[cfg(feature = "tower")]
mod tower;

#[cfg(all(test, feature = "tower"))]
mod tests;

pub use self::blame::blames_token;
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use self::tower::{Bearer, BearerLayer, ResponseFuture};
