//! `cargo run -p integration-benches --example from_reqwest_middleware`: a user of
//! reqwest-middleware and reqwest-retry moves over. The calls before and after stand side by side;
//! the program makes both on a server of the loopback and prints how many requests each sent.
#![expect(clippy::print_stdout, reason = "an example is a program for people")]

use integration_testkit::{Reply, ScriptedServer};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Both as they are after the first page of their documentation.
mod before {
    use std::time::Duration;

    use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
    use reqwest_retry::{RetryTransientMiddleware, policies::ExponentialBackoff};

    use super::Result;

    pub(super) fn client() -> Result<ClientWithMiddleware> {
        // For each attempt: three of them and the waits take more than three times as long.
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10));
        let policy = ExponentialBackoff::builder().build_with_max_retries(2);
        let retry = RetryTransientMiddleware::new_with_policy(policy);
        Ok(ClientBuilder::new(http.build()?).with(retry).build())
    }

    pub(super) async fn read(client: &ClientWithMiddleware, base: &str) -> Result<String> {
        let answer = client.get(format!("{base}/items")).send().await?;
        // Outside of the retries: a body that breaks off is an error.
        Ok(answer.error_for_status()?.text().await?)
    }

    pub(super) async fn write(client: &ClientWithMiddleware, base: &str) -> Result<String> {
        let call = client.post(format!("{base}/charges")).body("5 EUR");
        Ok(call.send().await?.error_for_status()?.text().await?)
    }
}

/// The same calls with the defaults: a deadline of 30 s over three attempts of 10 s.
mod after {
    use integration_core::http::Client;

    use super::Result;

    pub(super) fn client(base: &str) -> Result<Client> {
        Ok(Client::standard(base)?.build()?)
    }

    pub(super) async fn read(client: &Client) -> Result<String> {
        let answer = client.get("/items").send().await?;
        Ok(String::from_utf8(answer.body().to_vec())?)
    }

    pub(super) async fn write(client: &Client) -> Result<String> {
        // With `.idempotency_key("order-7")` it would be sent again.
        let call = client.post("/charges").body("5 EUR");
        Ok(String::from_utf8(call.send().await?.body().to_vec())?)
    }
}

/// Requests that a call was.
#[derive(Debug, PartialEq)]
struct Requests {
    before: usize,
    after: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let (read, write) = (read().await?, write().await?);
    println!("a GET that meets a 503 and then a 200: {read:?}");
    println!("a POST that meets a 503, which may have charged: {write:?}");
    Ok(())
}

async fn server() -> Result<ScriptedServer> {
    Ok(ScriptedServer::replies([Reply::status(503), Reply::ok("done")]).await?)
}

async fn read() -> Result<Requests> {
    let (old, new) = (server().await?, server().await?);
    before::read(&before()?, &old.url("")).await?;
    after::read(&after::client(&new.url(""))?).await?;
    Ok(Requests {
        before: old.count(),
        after: new.count(),
    })
}

async fn write() -> Result<Requests> {
    let (old, new) = (server().await?, server().await?);
    before::write(&before()?, &old.url("")).await?;
    let once = after::write(&after::client(&new.url(""))?).await;
    println!("after: {}", once.err().ok_or("a 503 is an error")?);
    Ok(Requests {
        before: old.count(),
        after: new.count(),
    })
}

/// This workspace gives reqwest no provider of TLS; in a program of yours it has one.
fn before() -> Result<reqwest_middleware::ClientWithMiddleware> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    before::client()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_read_is_repeated_by_both_and_a_write_no_longer() {
        let (before, after) = (2, 2);
        assert_eq!(read().await.unwrap(), Requests { before, after });
        let (before, after) = (2, 1);
        assert_eq!(write().await.unwrap(), Requests { before, after });
    }
}
