//! Calls of a provider, against a transport that answers what a test says.

mod authentication;
mod authorize;
mod device;
mod discovery;
mod endpoints;
mod grants;
#[cfg(feature = "presets")]
mod presets;
mod quirks;
mod registration;
mod support;
