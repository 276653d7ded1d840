//! Calls an API for a user who has logged in, and judges the token that such an API gets:
//! `cargo run -p integration-oauth --example call_api`, with the variables of `login github`.
#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use integration_core::http::Client;
use integration_jwt::{Claims, Validator};
use integration_oauth::{OAuth, Provider, Result, connection::ConnectionKey};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let github = Provider::preset("github")?.from_env()?.build()?;
    let oauth = OAuth::builder().provider(github).in_memory()?.build()?;
    let login = oauth.loopback("github").run().await?;
    let status = call(&oauth, &login.connection.key, "https://api.github.com/user").await?;
    println!("GitHub answers {status}.");
    // Its tokens are no JWTs, so they cannot be judged without GitHub.
    let error = check("https://github.com", "my-api", "gho_0").await;
    println!(
        "{}",
        error.map_or_else(|error| error.to_string(), |who| format!("{who:?}"))
    );
    Ok(())
}

/// What a client of an API writes: the token is refreshed when it has to be.
async fn call(oauth: &OAuth, key: &ConnectionKey, address: &str) -> Result<u16> {
    let token = oauth.tokens(key)?.get().await?;
    let client = Client::builder().build()?;
    let answer = client.get(address).bearer(token.secret()).send().await?;
    Ok(answer.status().as_u16())
}

/// What an API writes. In earnest the validator is built once.
async fn check(issuer: &str, audience: &str, token: &str) -> Result<Option<String>> {
    let validator = Validator::issuer(issuer).audience(audience);
    let validator = validator.access_tokens().build()?;
    let claims: Claims = validator.check(token).await?;
    Ok(claims.subject)
}

#[cfg(test)]
mod tests {
    use integration_core::ExposeSecret as _;
    use integration_oauth::TokenSet;
    use integration_testkit::oauth::MockAuthServer;

    use super::*;

    #[tokio::test]
    async fn an_api_is_called_and_judges_the_token_in_four_lines_each() {
        let server = MockAuthServer::start().await.unwrap();
        let provider = Provider::discover(server.issuer())
            .name("demo")
            .client_id(MockAuthServer::CLIENT_ID)
            .client_secret(server.client_secret());
        let provider = provider.build().unwrap();
        let oauth = OAuth::builder().provider(provider).in_memory().unwrap();
        let oauth = oauth.build().unwrap();
        let held = server.tokens_for("bob", &["openid"]).unwrap();
        let key = ConnectionKey::new("default", "demo", "bob").unwrap();
        let tokens = TokenSet::new(held.access_token);
        oauth.connect(key.clone(), tokens).await.unwrap();
        assert_eq!(
            call(&oauth, &key, &server.url("/resource")).await.unwrap(),
            200
        );
        let token = oauth.tokens(&key).unwrap().get().await.unwrap();
        let issuer = server.issuer();
        let who = check(&issuer, &issuer, token.secret().expose_secret()).await;
        assert_eq!(who.unwrap().unwrap(), "bob");
        assert!(check(&issuer, &issuer, "forged").await.is_err());
    }
}
