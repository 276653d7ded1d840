//! Written by `cargo xtask codegen stripe`: change the generator, not this.
#![expect(
    clippy::new_without_default,
    reason = "`new` is where required parameters are given"
)]

mod charges;
mod customers;
mod handles;

pub use self::{charges::*, customers::*};

/// The version of the API that this was generated from.
pub const API_VERSION: &str = "2026-05-27.dahlia";
