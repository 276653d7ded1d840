//! What an API says of itself (RFC 9728).

use integration_core::{
    Error, ErrorKind, Result,
    http::{Client, HeaderMap},
};
use integration_jwt::address;
use serde_json::{Map, Value};
use url::Url;

use crate::{limits::MAX_ANSWER, scopes::Scopes};

const OPERATION: &str = "oauth.resource";

/// Servers that are taken of an API's list.
const MAX_SERVERS: usize = 16;

/// What an API says of itself: who gives tokens for it, and for what.
///
/// ```no_run
/// use integration_core::http::Client;
/// use integration_oauth::{AuthorizeRequest, ProtectedResource, Provider};
///
/// # async fn example() -> integration_oauth::Result<()> {
/// let http = Client::builder().public_addresses_only().build()?;
/// let api = ProtectedResource::fetch(&http, "https://mcp.example.com/mcp").await?;
/// let provider = Provider::discover(&api.servers[0]).client_id("my-app").build()?;
/// let request = AuthorizeRequest::new("a state").with_resource(&api.resource);
/// # let _ = (provider, request);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProtectedResource {
    /// Its address, which tokens are asked for with (RFC 8707).
    pub resource: String,
    /// The issuers that it takes tokens of, one at least.
    pub servers: Vec<String>,
    /// What may be asked for; empty when it does not say.
    pub scopes: Scopes,
    /// All that it says, such as `resource_name` and `dpop_bound_access_tokens_required`.
    pub all: Map<String, Value>,
}

impl ProtectedResource {
    /// Asks an API at the place that follows from its address.
    ///
    /// `GET /.well-known/oauth-protected-resource` before the path of the API. Cancel safe. The
    /// client decides what may be connected to: for an API that somebody else named, one that is
    /// held to [public addresses](integration_core::http::ClientBuilder::public_addresses_only).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when an address is neither https nor on the loopback, or leads into a
    /// private network; [`ErrorKind::Decode`] when the answer is about another API or names no
    /// server; those of the call.
    ///
    /// [RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)
    pub async fn fetch(http: &Client, resource: &str) -> Result<Self> {
        let mut at = address::configured(resource)?;
        let path = match at.path() {
            "/" => "",
            path => path,
        };
        at.set_path(&format!("/.well-known/oauth-protected-resource{path}"));
        Self::read(http, resource, &at).await
    }

    /// Asks an API where its answer of 401 says (`resource_metadata` of `WWW-Authenticate`), or at
    /// the place that follows from its address when it says nothing.
    ///
    /// # Errors
    ///
    /// As [`fetch`](Self::fetch), and [`ErrorKind::Config`] for a place on another host.
    pub async fn fetch_told(http: &Client, resource: &str, answer: &HeaderMap) -> Result<Self> {
        let Some(told) = told(answer) else {
            return Self::fetch(http, resource).await;
        };
        let of = address::configured(resource)?;
        let at = address::named_by(&of, told)?;
        match at.host() == of.host() {
            true => Self::read(http, resource, &at).await,
            false => {
                let rule = "API sends us to a host that is not its own";
                Err(Error::new(ErrorKind::Config, OPERATION)
                    .with_message(rule)
                    .with_url(told))
            }
        }
    }

    async fn read(http: &Client, resource: &str, at: &Url) -> Result<Self> {
        let request = http.get(at.as_str()).operation(OPERATION);
        let request = request.header("accept", "application/json");
        let answer = request.body_limit(MAX_ANSWER).send().await?;
        let all: Option<Map<String, Value>> = serde_json::from_slice(answer.body()).ok();
        let all = all.ok_or_else(|| mistake("is no JSON object"))?;
        if all.get("resource").and_then(Value::as_str) != Some(resource) {
            return Err(mistake(
                "is about another API: its `resource` must be ours to the letter",
            ));
        }
        let words = |name: &str| {
            let list = all.get(name).and_then(Value::as_array);
            let words = list.into_iter().flatten().filter_map(Value::as_str);
            words.map(str::to_owned)
        };
        let servers: Vec<String> = words("authorization_servers").take(MAX_SERVERS).collect();
        if servers.is_empty() {
            return Err(mistake("names no server that gives tokens"));
        }
        for server in &servers {
            address::named_by(at, server)?;
        }
        Ok(Self {
            resource: resource.to_owned(),
            servers,
            scopes: words("scopes_supported").collect(),
            all,
        })
    }
}

/// The value of `resource_metadata` in a challenge.
fn told(answer: &HeaderMap) -> Option<&str> {
    let challenges = answer.get_all(http::header::WWW_AUTHENTICATE).iter();
    let mut texts = challenges.filter_map(|value| value.to_str().ok());
    texts.find_map(|text| {
        let (_, rest) = text.split_once("resource_metadata=\"")?;
        rest.split_once('"').map(|(told, _)| told)
    })
}

fn mistake(what: &str) -> Error {
    Error::new(ErrorKind::Decode, OPERATION).with_message(format!("description of the API {what}"))
}
