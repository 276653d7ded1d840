//! The clients that the server knows, and how they prove who they are.

use integration_core::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    keys,
    request::{Refusal, Request, Result},
    world::World,
};

/// What a JWT in the place of a secret is announced as.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that a [`MockAuthServer`](super::MockAuthServer) knows.
///
/// Without a redirect address it may come back to any; without a secret and a key it is public.
#[derive(Clone, Debug)]
pub struct MockClient {
    pub(super) id: String,
    pub(super) secret: Option<SecretString>,
    pub(super) redirects: Vec<String>,
    pub(super) keys: Vec<Value>,
}

impl MockClient {
    /// Creates a public client.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: None,
            redirects: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Sets its secret, which it proves by Basic, by fields, or by a JWT signed with it.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Adds a public key, as a JWK: for `private_key_jwt`, and for grants by JWT that it issues.
    #[must_use]
    pub fn key(mut self, jwk: Value) -> Self {
        self.keys.push(jwk);
        self
    }

    /// Adds an address that it may come back to.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirects.push(uri.into());
        self
    }

    /// Exact comparison, as RFC 9700 has it.
    pub(super) fn may_return_to(&self, uri: &str) -> bool {
        self.redirects.is_empty() || self.redirects.iter().any(|known| known == uri)
    }

    fn is_public(&self) -> bool {
        self.secret.is_none() && self.keys.is_empty()
    }

    fn has_secret(&self, given: &str) -> bool {
        let secret = self.secret.as_ref();
        secret.is_some_and(|secret| secret.expose_secret() == given)
    }
}

impl World {
    /// Finds out which client this is, and that it is.
    pub(super) fn authenticate(&mut self, request: &Request) -> Result<MockClient> {
        if let Some((id, secret)) = request.basic() {
            return self.by_secret(&id, &secret);
        }
        let form = &request.form;
        if form.get("client_assertion_type") == Some(JWT_BEARER) {
            return self.by_assertion(form.get("client_assertion").unwrap_or_default());
        }
        let id = form.get("client_id").unwrap_or_default();
        match form.get("client_secret") {
            Some(secret) => self.by_secret(id, secret),
            None => {
                let client = self.client(id)?;
                match client.is_public() {
                    true => Ok(client),
                    false => Err(Refusal::client("the client did not say who it is")),
                }
            }
        }
    }

    pub(super) fn client(&self, id: &str) -> Result<MockClient> {
        let client = self.clients.get(id).cloned();
        client.ok_or_else(|| Refusal::client("there is no such client"))
    }

    fn by_secret(&self, id: &str, secret: &str) -> Result<MockClient> {
        let client = self.client(id)?;
        match client.has_secret(secret) {
            true => Ok(client),
            false => Err(Refusal::client("the secret is wrong")),
        }
    }

    fn by_assertion(&mut self, assertion: &str) -> Result<MockClient> {
        let claims = self.assertion(assertion).map_err(Refusal::client)?;
        if claims["iss"] != claims["sub"] {
            return Err(Refusal::client("iss and sub differ"));
        }
        self.client(claims["sub"].as_str().unwrap_or_default())
    }

    /// Checks a JWT that a client signed (RFC 7523, 3) and returns its claims.
    pub(super) fn assertion(&mut self, token: &str) -> std::result::Result<Value, &'static str> {
        let issuer = keys_free_claims(token)
            .and_then(|claims| Some(claims["iss"].as_str()?.to_owned()))
            .ok_or("it is no JWT")?;
        let client = self.clients.get(&issuer).ok_or("nobody knows its iss")?;
        let secret = client.secret.as_ref().map(ExposeSecret::expose_secret);
        let claims = keys::verified(token, &client.keys, secret).ok_or("its signature is wrong")?;
        let audiences = [self.issuer.clone(), self.url("/token"), self.url("/par")];
        let is_for_us = |aud: &Value| audiences.iter().any(|ours| aud == ours);
        let is_for_us = is_for_us(&claims["aud"])
            || claims["aud"]
                .as_array()
                .is_some_and(|all| all.iter().any(is_for_us));
        if !is_for_us {
            return Err("its aud is another");
        }
        if claims["exp"].as_u64().unwrap_or_default() <= self.now() {
            return Err("it has expired");
        }
        match claims["jti"].as_str() {
            Some(jti) if !self.used_jtis.insert(format!("{issuer} {jti}")) => {
                Err("its jti was used before")
            }
            _ => Ok(claims),
        }
    }

    /// Registers a client dynamically (RFC 7591).
    pub(super) fn register(&mut self, request: &Request) -> Result<Value> {
        let mut metadata = request.json.clone();
        let wrong = |text| Refusal::new(400, "invalid_client_metadata", text);
        let object = metadata
            .as_object_mut()
            .ok_or_else(|| wrong("the body is no JSON object"))?;
        let id = format!("registered-{}", self.clients.len() + 1);
        let mut client = MockClient::new(&id);
        let redirects = object.get("redirect_uris").and_then(Value::as_array);
        for uri in redirects.into_iter().flatten() {
            let uri = uri.as_str().ok_or_else(|| {
                Refusal::new(400, "invalid_redirect_uri", "a redirect address is no text")
            })?;
            client = client.redirect_uri(uri);
        }
        let method = object.get("token_endpoint_auth_method");
        let method = method
            .and_then(Value::as_str)
            .unwrap_or("client_secret_basic");
        match method {
            "none" => {}
            "private_key_jwt" => {
                let keys = object.get("jwks").and_then(|jwks| jwks["keys"].as_array());
                client.keys = keys.cloned().ok_or_else(|| wrong("jwks is missing"))?;
            }
            _ => {
                let secret = self.fresh("secret");
                object.insert("client_secret".to_owned(), json!(secret));
                object.insert("client_secret_expires_at".to_owned(), json!(0));
                client = client.secret(secret);
            }
        }
        object.insert("client_id".to_owned(), json!(id));
        object.insert("client_id_issued_at".to_owned(), json!(self.now()));
        self.clients.insert(id, client);
        Ok(metadata)
    }
}

/// The claims of a JWT nobody has checked yet: only for finding out whose key checks it.
fn keys_free_claims(token: &str) -> Option<Value> {
    let claims = token.split('.').nth(1)?;
    serde_json::from_slice(&keys::unb64(claims)?).ok()
}
