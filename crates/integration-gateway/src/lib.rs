#![doc = include_str!("../README.md")]

mod admin;
pub mod cli;
pub mod config;
mod deliver;
mod demo;
pub mod gateway;
mod logs;
mod metrics;
mod routing;
pub mod samples;
mod server;
pub mod views;

pub use crate::{config::Config, gateway::Gateway};
