//! Calls over loopback HTTP/1.1: a client on one thread, the server in a process of its own.

use std::{net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use integration_benches::{
    row::Row,
    table::{Table, Unit},
};
use integration_core::{http::Client, rate_limit::Quota, resilience::Config};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::{RetryTransientMiddleware, policies::ExponentialBackoff};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::task::LocalSet;

use crate::{fused, policies::GENEROUS, server};

/// Calls in flight in the table the bars are about.
pub(crate) const MANY: u64 = 64;
/// As long as an attempt of ours has.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Rows the bars are about.
pub(crate) const BARE: &str = "reqwest, bare";
pub(crate) const OURS: &str = "http::Client, all policies";

pub(crate) fn title(in_flight: u64) -> &'static str {
    match in_flight {
        1 => "loopback HTTP, 1 in flight",
        _ => "loopback HTTP, 64 in flight",
    }
}

pub(crate) fn table(server: SocketAddr, in_flight: u64) -> Table {
    let mut table = Table::new(title(in_flight), Unit::Micros);
    let url = Rc::new(format!("http://{server}{}", server::PATH));
    let bytes = server::BODY.len();
    let client = bare();
    let call = async move |url: &str| {
        let answer = client.get(url).send().await.unwrap();
        answer.bytes().await.unwrap().len()
    };
    table.add(row(BARE, in_flight, Rc::clone(&url), bytes, call));
    // A deadline alone, which bare reqwest has not, makes the runtime keep a timer for each call.
    let client = bare();
    let call = async move |url: &str| {
        let answer = client.get(url).timeout(TIMEOUT).send().await.unwrap();
        answer.bytes().await.unwrap().len()
    };
    table.add(row(
        "reqwest, with its timeout",
        in_flight,
        Rc::clone(&url),
        bytes,
        call,
    ));
    let client = ours(server);
    let call = async move |_: &str| {
        let answer = client.get(server::PATH).send().await.unwrap();
        answer.body().len()
    };
    table.add(row(OURS, in_flight, Rc::clone(&url), bytes, call));
    let client = retrying();
    let call = async move |url: &str| {
        let answer = client.get(url).send().await.unwrap();
        answer.bytes().await.unwrap().len()
    };
    let name = "reqwest-middleware + reqwest-retry";
    table.add(row(name, in_flight, url, bytes, call));
    table
}

pub(crate) fn streamed_title(in_flight: u64) -> &'static str {
    match in_flight {
        1 => "loopback HTTP, 16 KiB streamed, 1 in flight",
        _ => "loopback HTTP, 16 KiB streamed, 64 in flight",
    }
}

/// Answers that the caller reads as they come.
pub(crate) fn streamed(server: SocketAddr, in_flight: u64) -> Table {
    let mut table = Table::new(streamed_title(in_flight), Unit::Micros);
    let url = Rc::new(format!("http://{server}{}", server::STREAM));
    let client = bare();
    let call = async move |url: &str| {
        let mut answer = client.get(url).send().await.unwrap();
        let mut bytes = 0;
        while let Some(chunk) = answer.chunk().await.unwrap() {
            bytes += chunk.len();
        }
        bytes
    };
    table.add(row(
        BARE,
        in_flight,
        Rc::clone(&url),
        server::STREAMED,
        call,
    ));
    let client = ours(server);
    let call = async move |_: &str| {
        let call = client.get(server::STREAM).send_streaming();
        let mut answer = call.await.unwrap();
        while answer.chunk().await.unwrap().is_some() {}
        answer.received()
    };
    table.add(row(OURS, in_flight, url, server::STREAMED, call));
    table
}

/// Makes so many calls by `in_flight` tasks, one after the other each.
fn row(
    name: &str,
    in_flight: u64,
    url: Rc<String>,
    bytes: usize,
    call: impl AsyncFn(&str) -> usize + 'static,
) -> Row {
    let call = Rc::new(call);
    let runtime = fused::runtime();
    Row::new(name, move |operations| {
        let tasks = LocalSet::new();
        for _ in 0..in_flight {
            let (call, url) = (Rc::clone(&call), Rc::clone(&url));
            tasks.spawn_local(async move {
                for _ in 0..operations / in_flight {
                    assert_eq!(call(&url).await, bytes);
                }
            });
        }
        runtime.block_on(tasks);
    })
}

/// reqwest as [`integration_core`] configures it: nothing but connections is its own.
fn bare() -> reqwest::Client {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

fn ours(server: SocketAddr) -> Client {
    let builder = Client::standard(&format!("http://{server}")).unwrap();
    let policies = Config::default().with_rate_limit(Quota::per_second(GENEROUS));
    builder.policies(policies).build().unwrap()
}

fn retrying() -> ClientWithMiddleware {
    let policy = ExponentialBackoff::builder().build_with_max_retries(2);
    ClientBuilder::new(bare())
        .with(RetryTransientMiddleware::new_with_policy(policy))
        .build()
}
