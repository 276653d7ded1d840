#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod config;
mod error;
mod generated;
mod list;
pub mod node;
pub mod oauth;
pub mod op;
mod options;
pub mod params;
pub mod resources;
pub mod view;
pub mod webhook;

pub use crate::{
    client::Client,
    config::{Config, ENV, KeyMode},
    error::{StripeError, classify},
    generated::API_VERSION,
    list::ListItems,
    node::Node,
    op::Req,
    params::{Params, Value},
    view::{Expandable, List, View},
};
pub use integration_core::{Error, ErrorKind, Result};
