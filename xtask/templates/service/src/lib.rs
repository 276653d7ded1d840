#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod config;
mod error;
pub mod resources;

pub use crate::{
    client::Client,
    config::{Config, ENV},
    error::{{{Name}}Error, classify},
};
pub use integration_core::{Error, ErrorKind, Result};
