#![doc = include_str!("../README.md")]

pub mod cli;
pub mod config;
mod demo;
pub mod gateway;
pub mod samples;
pub mod views;

pub use crate::config::Config;
