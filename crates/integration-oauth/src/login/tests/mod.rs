//! The rules of a login, without a network.

mod accounts;
mod begins;
mod finishes;
mod support;
