//! The end of a session: at the provider when the user leaves us, and here when the user leaves the
//! provider.
//!
//! - [RP-initiated logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html): the
//!   browser goes to the provider and comes back.
//! - [Back-channel logout](https://openid.net/specs/openid-connect-backchannel-1_0.html): the
//!   provider posts a signed token to us.
//!
//! Front-channel logout is not here: it needs cookies of a third party in a frame, which browsers
//! no longer send.

mod backchannel;
mod handle;
mod leave;
mod seen;

pub use self::{
    backchannel::{BackChannel, LogoutNotice, LogoutRejection},
    handle::Logout,
};
