//! A [`Provider`] against a real authorization server: logins by browser, machines, devices, and
//! what the server refuses.

mod device;
mod endpoints;
mod lifecycle;
mod logins;
mod logout;
mod machines;
mod mutual_tls;
mod proofs;
mod refresh;
mod refusals;

use integration_core::{ExposeSecret as _, http::Client};
use integration_e2e::oidc::{APP, Landing, OidcServer};
use integration_jwt::{Binding, Claims};
use integration_oauth::{
    AuthorizeRequest, CodeExchange, CodeVerifier, OAuthError, Provider, ProviderBuilder, Result,
    TokenSet,
};
use serde_json::{Value, json};
use url::Url;

/// The secret of the client `web`.
const WEB: &str = "web-secret:with/odd+chars%&";

fn builder(server: &OidcServer, client: &str) -> ProviderBuilder {
    Provider::discover(server.issuer())
        .name("op")
        .client_id(client)
        .redirect_uri(format!("{APP}/cb"))
}

fn provider(server: &OidcServer, client: &str, secret: &str) -> Provider {
    builder(server, client)
        .client_secret(secret)
        .build()
        .unwrap()
}

/// A login that has begun.
struct Login {
    url: Url,
    exchange: CodeExchange,
}

const SCOPES: [&str; 4] = ["openid", "offline_access", "email", "profile"];

async fn begin(
    provider: &Provider,
    change: impl FnOnce(AuthorizeRequest) -> AuthorizeRequest,
) -> Login {
    let verifier = CodeVerifier::generate().unwrap();
    let mut request = AuthorizeRequest::new("the-state")
        .with_nonce("the-nonce")
        .with_challenge(verifier.challenge())
        .with_scopes(SCOPES)
        .with_param("prompt", "consent");
    let mut exchange = CodeExchange::new("").with_verifier(verifier.secret().clone());
    if let Some(key) = provider.new_dpop_key().unwrap() {
        request = request.with_dpop_jkt(key.thumbprint);
        exchange = exchange.with_dpop_key(key.jwk);
    }
    let request = change(request);
    exchange.redirect_uri.clone_from(&request.redirect_uri);
    let url = provider.authorize_url(&request).await.unwrap();
    Login { url, exchange }
}

/// The fields that a browser brought to the application.
fn brought(landing: &Landing, name: &str) -> Option<String> {
    let url = Url::parse(&landing.url).unwrap();
    let posted = landing.body.clone().unwrap_or_default();
    let posted = url::form_urlencoded::parse(posted.as_bytes());
    let mut fields = url.query_pairs().chain(posted);
    fields
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.into_owned())
}

/// Sends a browser through a login; what is left is the exchange of the code.
async fn agree(server: &OidcServer, mut login: Login) -> CodeExchange {
    let redirect = login.exchange.redirect_uri.clone();
    let stop = redirect.unwrap_or_else(|| format!("{APP}/cb"));
    let landing = server.browse(login.url.as_str(), &stop).await;
    assert_eq!(landing.page, None);
    assert_eq!(brought(&landing, "state").as_deref(), Some("the-state"));
    assert_eq!(brought(&landing, "iss").as_deref(), Some(server.issuer()));
    login.exchange.code = brought(&landing, "code").expect("a code came back").into();
    login.exchange
}

/// A whole login.
async fn log_in(server: &OidcServer, provider: &Provider) -> TokenSet {
    let login = begin(provider, |request| request).await;
    let exchange = agree(server, login).await;
    provider.exchange_code(&exchange).await.unwrap()
}

/// Who logged in, as the ID token says it.
async fn identity(provider: &Provider, tokens: &TokenSet) -> Claims {
    let token = tokens.id_token.as_ref().expect("there is an ID token");
    let binding = Binding::new()
        .nonce("the-nonce")
        .access_token(tokens.access_token.expose_secret());
    let validator = provider.id_tokens().await.unwrap();
    validator
        .check_bound(token.expose_secret(), &binding)
        .await
        .unwrap()
}

/// Who logged in on a device, where there is no nonce.
async fn identity_of_device(provider: &Provider, tokens: &TokenSet) -> Option<String> {
    let validator = provider.id_tokens().await.unwrap();
    let token = tokens.id_token.as_ref().unwrap().expose_secret();
    let claims: Claims = validator.check(token).await.unwrap();
    claims.subject
}

/// What the server said was wrong.
fn said<T: std::fmt::Debug>(result: Result<T>) -> String {
    let error = result.unwrap_err();
    let said = error.provider::<OAuthError>();
    said.unwrap_or_else(|| panic!("{error}")).code.clone()
}

/// What an API sees of a token.
async fn introspected(server: &OidcServer, tokens: &TokenSet) -> Value {
    let api = provider(server, "api", "api-secret");
    let said = api.introspect(&tokens.access_token).await.unwrap();
    json!({"active": said.is_active, "client": said.client_id, "jkt": said.key_thumbprint})
}

fn http() -> Client {
    Client::builder().build().unwrap()
}
