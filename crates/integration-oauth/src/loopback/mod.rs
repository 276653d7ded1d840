//! Login of a command-line program: a listener on the loopback interface and the browser.
//!
//! As [RFC 8252](https://www.rfc-editor.org/rfc/rfc8252) has it: the program listens on a free port
//! of 127.0.0.1 or `::1`, opens the browser of the user, and takes one callback, the one with the
//! state of its own login. Whatever else connects is answered and does not end the wait.
//!
//! # When not to use it
//!
//! Where the browser is on another machine than the program, as over ssh: there a login by device is
//! the right one.

mod browser;
mod config;
mod listener;
mod login;
mod serve;
#[cfg(test)]
mod tests;

pub use self::{
    browser::Browser,
    config::ENV,
    listener::{LoopbackConfig, LoopbackHost},
    login::LoopbackLogin,
};
