#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authorize;
#[cfg(feature = "axum")]
pub mod axum;
pub mod bearer;
mod by_name;
mod clearing;
mod client_auth;
mod config;
pub mod connection;
pub mod credential;
mod discovery;
pub mod dpop;
mod error;
mod grants;
mod introspection;
pub mod limits;
pub mod login;
pub mod logout;
#[cfg(feature = "loopback")]
pub mod loopback;
pub mod manager;
mod pkce;
pub mod preset;
mod provider;
mod random;
mod registration;
mod resource;
mod revocation;
mod scopes;
pub mod seal;
pub mod store;
mod tokens;
mod userinfo;

pub use crate::{
    authorize::AuthorizeRequest,
    config::ENV,
    error::{OAuthError, Trouble},
    grants::{ACCESS_TOKEN, Assertion, CodeExchange, DeviceLogin, LoginKey, TokenExchange},
    introspection::Introspection,
    manager::{OAuth, Refresher},
    pkce::CodeVerifier,
    provider::{Metadata, Provider, ProviderBuilder},
    registration::{Registered, Registration},
    resource::ProtectedResource,
    scopes::Scopes,
    tokens::TokenSet,
};
pub use integration_core::{Error, ErrorKind, Result, SecretString};
