//! The HTTP client that every service crate stands on.

mod builder;
mod client;
mod request;
mod response;

pub use self::{
    builder::ClientBuilder, client::Client, request::RequestBuilder, response::Response,
};
pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
