//! Logs in from the command line: `cargo run -p integration-oauth --example login -- github`.
#![expect(clippy::print_stdout, reason = "a program for people")]

use integration_oauth::{
    OAuth, Provider, Result,
    loopback::Browser,
    manager::{AccessToken, Connection},
};

const HELP: &str = "\
Usage: login PROVIDER, such as `login github`

Logs in at a provider with your browser, and keeps nothing when it ends. Other
users of this machine may see the address that the browser is opened with; it
holds no secret. That the account in the end is yours is for you to see.

Register an application at the provider first. Its redirect address is
http://127.0.0.1/cb with any port. Then set what the provider gives you, with
the name of the provider in front:
  GITHUB_CLIENT_ID      the id of the application
  GITHUB_CLIENT_SECRET  its secret; not set for an application that has none
  BROWSER               the browser; without one the address to open is shown";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    if name.is_empty() || name.starts_with('-') {
        println!("{HELP}");
        return;
    }
    match run(&name).await {
        Ok(account) => println!("You are logged in at {name} as {account}."),
        Err(error) => {
            println!("{error}\n\n`login --help` says what is needed.");
            std::process::exit(1);
        }
    }
}

async fn run(name: &str) -> Result<String> {
    let provider = Provider::preset(name)?.from_env()?.build()?;
    let (connection, _token) = login(provider, Browser::System).await?;
    Ok(connection.key.account().to_owned())
}

/// What a program writes.
async fn login(provider: Provider, browser: Browser) -> Result<(Connection, AccessToken)> {
    let name = provider.name().to_owned();
    let oauth = OAuth::builder().provider(provider).in_memory()?.build()?;
    let login = oauth.loopback(name).browser(browser).run().await?;
    let token = oauth.tokens(&login.connection.key)?.get().await?;
    Ok((login.connection, token))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use integration_core::http::Client;
    use integration_testkit::oauth::MockAuthServer;

    use super::*;

    #[tokio::test]
    async fn a_program_of_six_lines_logs_in() {
        let server = Arc::new(MockAuthServer::start().await.unwrap());
        let provider = Provider::discover(server.issuer())
            .name("demo")
            .client_id(MockAuthServer::PUBLIC_CLIENT_ID)
            .build()
            .unwrap();
        let at = Arc::clone(&server);
        let browser = Browser::with(move |url| {
            let (url, at) = (url.to_string(), Arc::clone(&at));
            tokio::spawn(async move {
                let back = at.log_in(&url).await.unwrap();
                let client = Client::builder().build().unwrap();
                client.get(&back.url).send().await.unwrap();
            });
            true
        });
        let (connection, token) = login(provider, browser).await.unwrap();
        assert_eq!(connection.key.provider(), "demo");
        assert_eq!(token.token_type(), "Bearer");
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let github = Provider::preset("github").unwrap();
        let error = github.from_vars(|_| None).unwrap_err();
        assert_eq!(error.to_string(), "config: GITHUB_CLIENT_ID is not set");
        assert!(HELP.contains("GITHUB_CLIENT_ID"));
        let github = Provider::preset("github").unwrap();
        let set = |name: &str| name.starts_with("GITHUB_").then(|| "value".to_owned());
        assert_eq!(
            github.from_vars(set).unwrap().build().unwrap().client_id(),
            "value"
        );
        assert!(Provider::preset("no-such-provider").is_err());
    }
}
