//! What a login needs of a provider.

use std::{collections::BTreeMap, fmt::Debug, pin::Pin, time::Duration};

use integration_core::{Result, SecretString};
use integration_jwt::{Binding, Claims};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::{grants::DeviceLogin, preset::Preset, scopes::Scopes, tokens::TokenSet};

/// What a [`Remote`] does in its own time.
///
/// Written out, as `async_trait` has bounds on each method under which the compiler proves anew that
/// all of an HTTP client may go to another thread: a fifth of the time to build this crate.
pub(crate) type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What a login needs of a provider. It is a trait so that the rules of a login can be tested
/// without a network.
pub(crate) trait Remote: Debug + Send + Sync + 'static {
    fn preset(&self) -> &Preset;

    /// The id of our client.
    fn client_id(&self) -> &str;

    /// Where the provider sends the browser, unless a login says otherwise.
    fn redirect_uri(&self) -> Option<&str>;

    /// Who the provider is, as far as it says.
    fn server(&self) -> Asking<'_, Server>;

    /// A key for this login, where tokens are bound to one.
    fn new_dpop_key(&self) -> Result<Option<SecretString>>;

    /// The address that the browser goes to.
    fn authorize_url<'a>(&'a self, ask: &'a Ask<'_>) -> Asking<'a, Url>;

    /// Begins a login on another device.
    fn device(&self, scopes: Scopes) -> Asking<'_, DeviceLogin>;

    /// Spends a code, in one attempt.
    fn exchange<'a>(&'a self, code: &'a Code<'_>) -> Asking<'a, TokenSet>;

    /// Judges an ID token.
    fn check_id_token<'a>(&'a self, token: &'a str, binding: &'a Binding) -> Asking<'a, Claims>;

    /// Who logged in, where the provider says that at an address of its own.
    fn userinfo<'a>(&'a self, tokens: &'a TokenSet) -> Asking<'a, Option<Value>>;
}

/// Who a provider is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Server {
    pub(crate) issuer: Option<String>,
    /// Whether it promises an `iss` in callbacks (RFC 9207).
    pub(crate) sends_issuer: bool,
    /// Where sessions end.
    pub(crate) end_session: Option<Url>,
}

/// What the browser is sent to the provider with.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) redirect_uri: &'a str,
    pub(crate) scopes: &'a Scopes,
    pub(crate) state: &'a Zeroizing<String>,
    pub(crate) nonce: Option<&'a Zeroizing<String>>,
    /// The S256 challenge.
    pub(crate) challenge: Option<String>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) dpop_key: Option<&'a SecretString>,
    /// Further fields.
    pub(crate) params: &'a BTreeMap<String, String>,
}

/// What a code is spent with.
#[derive(Debug)]
pub(crate) struct Code<'a> {
    pub(crate) code: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: Option<&'a str>,
    pub(crate) dpop_key: Option<SecretString>,
}
