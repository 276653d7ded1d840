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
//!
//! # What others on the machine see
//!
//! A browser is opened by a command, `xdg-open` for one, and its arguments are in the list of
//! processes, which other users of the machine may read: the whole address of the login, with the id
//! of the client, the state, the nonce and the hash of the verifier.
//!
//! No secret is among them, and nobody gets your tokens with them: the code comes to a socket that
//! is open already, and it is worth nothing without the verifier, which stays in this program. What
//! is left to somebody who reads the list and is faster than your user: to answer in place of the
//! browser with a login of their own, so that the program ends up with *their* account. Show the
//! account when the login has ended, as the example does. Where you share a machine with strangers,
//! hand the address over without a command ([`Browser::with`]) or show it to the user alone
//! ([`Browser::None`]), use a login by device, or mount `/proc` with `hidepid=2`. A provider that takes
//! pushed requests (PAR) puts a reference into the address, and nothing else.

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
