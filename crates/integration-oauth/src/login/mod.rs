//! Login through the browser: from the link to the tokens.
//!
//! A login is begun, the browser goes to the provider and comes back, the login is finished. What
//! has to be remembered in between is a flow, sealed in a [`FlowStore`](crate::store::FlowStore)
//! under the hash of its `state`, and taken out once.

mod account;
mod begin;
mod callback;
mod config;
mod cookie;
mod desk;
mod device;
mod finish;
mod flow;
mod handle;
mod of_provider;
#[cfg(any(feature = "axum", feature = "loopback"))]
mod page;
mod refusal;
mod remote;
mod return_to;
mod secret;

pub use self::{
    begin::Begun,
    callback::Callback,
    config::ENV,
    cookie::BrowserCookie,
    device::{DeviceAuth, DevicePrompt},
    handle::{DEFAULT_TENANT, Finished, Login},
    refusal::LoginRefusal,
    return_to::ReturnTo,
};

#[cfg(any(feature = "axum", feature = "loopback"))]
pub(crate) use self::page::{HEADERS, Page};
pub(crate) use self::{
    desk::{Desk, LOGIN_LIFETIME},
    remote::Remote,
    secret::{Fingerprint, unguessable},
};

#[cfg(test)]
mod tests;
