//! The life of tokens over several real processes. A test runs itself once more as each of them.

mod crash;
mod process;
mod shared;
mod together;
