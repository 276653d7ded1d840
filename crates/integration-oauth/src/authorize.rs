//! The address that the browser goes to (RFC 6749, 4.1.1), pushed where the server takes that.

use std::{collections::BTreeMap, fmt};

use integration_core::{Error, ErrorKind, Result};
use url::Url;

use crate::{
    preset::Pkce,
    provider::{Form, Metadata, Provider, Spends, needed},
    scopes::Scopes,
    tokens::answer,
};

/// Bytes of an address that holds the whole request. Beyond it browsers and proxies cut.
const MAX_URL: usize = 8 * 1024;

/// What the browser is to ask for.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct AuthorizeRequest {
    /// Comes back with the code, so that the login is found again. Required: whoever has it can
    /// finish the login.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: Option<String>,
    /// The hash of the verifier (PKCE). Required unless the preset says that the provider has none.
    pub challenge: Option<String>,
    /// What to ask for. Default: the scopes of the preset.
    pub scopes: Scopes,
    /// Where the browser comes back to. Default: that of the provider.
    pub redirect_uri: Option<String>,
    /// The thumbprint of the key that tokens will be bound to (`DPoP`).
    pub dpop_jkt: Option<String>,
    /// Further fields, such as `prompt`, `login_hint` or `response_mode`. They win over those of the
    /// preset.
    pub params: BTreeMap<String, String>,
    /// The APIs that tokens are for (RFC 8707).
    pub resources: Vec<String>,
}

impl AuthorizeRequest {
    /// Creates a request with this state, which must be unguessable.
    #[must_use]
    pub fn new(state: impl Into<String>) -> Self {
        Self {
            state: state.into(),
            ..Self::default()
        }
    }

    /// Sets what comes back in the ID token.
    #[must_use]
    pub fn with_nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Sets the hash of the verifier: [`CodeVerifier::challenge`](crate::CodeVerifier::challenge).
    #[must_use]
    pub fn with_challenge(mut self, challenge: impl Into<String>) -> Self {
        self.challenge = Some(challenge.into());
        self
    }

    /// Sets what to ask for.
    #[must_use]
    pub fn with_scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.scopes = scopes.into();
        self
    }

    /// Sets where the browser comes back to.
    #[must_use]
    pub fn with_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Sets the thumbprint of the key that tokens will be bound to.
    #[must_use]
    pub fn with_dpop_jkt(mut self, thumbprint: impl Into<String>) -> Self {
        self.dpop_jkt = Some(thumbprint.into());
        self
    }

    /// Adds a field, such as `prompt`.
    #[must_use]
    pub fn with_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.insert(name.into(), value.into());
        self
    }

    /// Adds an API that tokens are for.
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }
}

impl Provider {
    /// Returns the address that the browser goes to.
    ///
    /// The request is pushed first (RFC 9126) where the server wants or offers that: the address
    /// then holds nothing but a reference. No I/O otherwise, once the server is known. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the redirect address or the challenge is missing, a further field
    /// is one that is decided here, or the server does not take the `S256` method of PKCE: a login
    /// is never begun without it. Those of the call.
    pub async fn authorize_url(&self, request: &AuthorizeRequest) -> Result<Url> {
        let known = self.metadata().await?;
        let mut form = self.authorize_form(request, &known)?;
        let endpoint = needed(
            OPERATION,
            known.authorize.as_ref(),
            "authorization endpoint",
        )?;
        let mut url = endpoint.clone();
        match &known.par {
            Some(par) => {
                let reference = self.push(par, &known, form).await?;
                url.query_pairs_mut()
                    .append_pair("client_id", self.client_id())
                    .append_pair("request_uri", &reference);
            }
            None if known.requires_par => {
                return Err(mistake(
                    "server wants requests to be pushed and says not where",
                ));
            }
            None => {
                form.rename("client_id", self.inner.preset.client_id_param.as_deref());
                url.query_pairs_mut().extend_pairs(form.iter());
            }
        }
        match url.as_str().len() <= MAX_URL {
            true => Ok(url),
            false => Err(mistake("address is longer than 8 KiB: ask for less")),
        }
    }

    fn authorize_form(&self, request: &AuthorizeRequest, known: &Metadata) -> Result<Form> {
        let preset = &self.inner.preset;
        if request.state.is_empty() {
            return Err(mistake("state is empty"));
        }
        let mut form = Form::default();
        for (name, value) in preset.authorize_params.iter().chain(&request.params) {
            if DECIDED.contains(&name.as_str()) {
                let rule = "a further field is one that is decided here";
                return Err(mistake(rule).with_context("field", name.escape_debug()));
            }
            form.set(name.clone(), value.as_str());
        }
        form.set("response_type", "code");
        form.set("client_id", self.client_id());
        form.set("state", request.state.as_str());
        let redirect = request.redirect_uri.as_deref().or(self.redirect_uri());
        form.set(
            "redirect_uri",
            redirect.ok_or_else(|| mistake("redirect_uri is not set"))?,
        );
        self.set_scopes(&mut form, &request.scopes);
        form.rename("scope", preset.scope_param.as_deref());
        form.set_if("nonce", request.nonce.as_deref());
        form.set_if("dpop_jkt", request.dpop_jkt.as_deref());
        for resource in &request.resources {
            form.add("resource", resource.as_str());
        }
        if preset.pkce != Pkce::Off {
            check_pkce(known, preset.pkce)?;
            let challenge = request.challenge.as_deref();
            form.set(
                "code_challenge",
                challenge.ok_or_else(|| mistake("challenge is not set"))?,
            );
            form.set("code_challenge_method", "S256");
        }
        Ok(form)
    }

    /// Pushes a request; returns what stands for it.
    async fn push(&self, par: &Url, known: &Metadata, form: Form) -> Result<String> {
        const OPERATION: &str = "oauth.push";
        let inner = &*self.inner;
        let now = inner.clock.unix();
        let answer = inner
            .post(OPERATION, par, known, form, Spends::Nothing, None)
            .await?;
        let members = answer::members(OPERATION, &answer, &inner.preset, now)?;
        let reference = members
            .get("request_uri")
            .and_then(serde_json::Value::as_str);
        let reference = reference.filter(|uri| !uri.is_empty() && uri.len() <= 2048);
        reference
            .map(str::to_owned)
            .ok_or_else(|| answer::unreadable(OPERATION, &answer, "answer has no `request_uri`"))
    }
}

const OPERATION: &str = "oauth.authorize_url";

/// Fields that no caller may set beside the request.
pub(crate) const DECIDED: [&str; 10] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "request_uri",
    "response_type",
    "scope",
    "state",
];

/// A server that lists methods without `S256` would have us send the verifier in the open, or none.
fn check_pkce(known: &Metadata, pkce: Pkce) -> Result<()> {
    let takes = match &known.pkce_methods {
        Some(methods) => methods.iter().any(|method| method == "S256"),
        None => pkce != Pkce::Listed,
    };
    match takes {
        true => Ok(()),
        false => Err(mistake(
            "server does not take the S256 method of PKCE: if it is one of old, set `pkce` of its preset to off",
        )),
    }
}

fn mistake(what: &'static str) -> Error {
    Error::new(ErrorKind::Config, OPERATION).with_message(what)
}

impl fmt::Debug for AuthorizeRequest {
    /// Shows no state and no nonce.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeRequest")
            .field("scopes", &self.scopes)
            .field("redirect_uri", &self.redirect_uri)
            .field("resources", &self.resources)
            .field("params", &self.params.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
