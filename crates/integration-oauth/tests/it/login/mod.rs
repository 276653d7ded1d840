//! Login through the browser, and the end of it.

mod callbacks;
#[cfg(feature = "axum")]
mod canary;
#[cfg(feature = "axum")]
mod device;
#[cfg(feature = "axum")]
mod identity;
#[cfg(feature = "axum")]
mod logout;
#[cfg(all(feature = "axum", feature = "loopback"))]
mod loopback;
mod return_to;
#[cfg(feature = "axum")]
mod sleep;
#[cfg(feature = "axum")]
mod support;
#[cfg(feature = "axum")]
mod web;
