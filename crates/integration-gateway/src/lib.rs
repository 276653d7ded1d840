#![doc = include_str!("../README.md")]

pub mod cli;
pub mod config;
pub mod samples;

pub use crate::config::Config;
