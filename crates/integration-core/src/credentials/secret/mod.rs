//! Secrets that are replaced while the program runs.

mod file;
mod source;
mod watched;

#[cfg(test)]
mod tests;

pub use self::{file::MAX_SECRET, source::SecretSource};
pub(super) use self::{source::Origin, watched::Watched};
