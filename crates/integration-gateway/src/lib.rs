#![doc = include_str!("../README.md")]

pub mod cli;
pub mod config;
pub mod samples;
pub mod views;

pub use crate::config::Config;
