//! One request to a server.

use std::borrow::Cow;

use integration_core::{
    Error, ErrorKind, ExposeSecret as _, Result,
    http::{Method, RequestBuilder},
};
use integration_jwt::SigningKey;
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::{Inner, Metadata};
use crate::{
    client_auth::Secret,
    dpop::{self, DpopProof},
    limits::MAX_ANSWER,
    preset::BodyFormat,
    tokens::answer::Answer,
};

/// Fields that nobody else may see.
const SECRET: [&str; 10] = [
    "actor_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "refresh_token",
    "subject_token",
    "token",
];

/// Bytes of a secret that is looked for: shorter ones are words of any sentence.
const MIN_SECRET: usize = 6;

/// The fields of a request. Their values may be secret.
#[derive(Clone, Default)]
pub(crate) struct Form {
    fields: Vec<(Cow<'static, str>, Zeroizing<String>)>,
    /// Whether a public client stays unnamed, because the grant itself says who asks.
    is_unnamed: bool,
    /// Whether any client stays unnamed.
    pub(crate) is_anonymous: bool,
    /// Whether it goes into the address of a `GET`.
    pub(crate) is_query: bool,
    /// A further field that nobody else may see.
    secret: Option<Cow<'static, str>>,
}

impl Form {
    /// Starts a request for tokens.
    pub(crate) fn grant(grant_type: &str) -> Self {
        let mut form = Self::default();
        form.set("grant_type", grant_type);
        form
    }

    /// Leaves out the id of a client that has nothing to prove it with.
    pub(crate) fn without_public_client(mut self) -> Self {
        self.is_unnamed = true;
        self
    }

    pub(crate) fn is_unnamed(&self) -> bool {
        self.is_unnamed
    }

    /// Sets a field, instead of one of that name.
    pub(crate) fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        let name = name.into();
        self.fields.retain(|(other, _)| *other != name);
        self.add(name, value);
    }

    /// Sets a field that nobody else may see, whatever its name.
    pub(crate) fn set_secret(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) {
        let name = name.into();
        self.secret = Some(name.clone());
        self.set(name, value);
    }

    /// Adds a field, beside those of that name.
    pub(crate) fn add(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.fields
            .push((name.into(), Zeroizing::new(value.into())));
    }

    pub(crate) fn set_if(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Gives a field the name that a preset has for it.
    pub(crate) fn rename(&mut self, from: &str, to: Option<&str>) {
        let Some(to) = to else { return };
        for (name, _) in &mut self.fields {
            if name == from {
                *name = Cow::Owned(to.to_owned());
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.iter().filter(|(other, _)| *other == name);
        named.next().map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|(name, value)| (&**name, value.as_str()))
    }

    /// The values that nobody else may see, in case the server repeats them.
    fn into_secrets(self) -> Vec<Zeroizing<String>> {
        let further = self.secret.as_deref();
        let secret = |name: &str| SECRET.contains(&name) || Some(name) == further;
        let fields = self.fields.into_iter();
        let secrets = fields.filter(|(name, value)| secret(name) && value.len() >= MIN_SECRET);
        secrets.map(|(_, value)| value).collect()
    }

    fn json(&self) -> Value {
        let mut members = Map::new();
        for (name, value) in self.iter() {
            members.insert(name.to_owned(), value.into());
        }
        Value::Object(members)
    }
}

/// How often a request may be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spends {
    /// Once: it spends a grant, or carries something that must not come twice.
    Grant,
    /// As often as the client's policies want.
    Nothing,
}

/// A form that goes to an endpoint.
struct Call<'a> {
    operation: &'static str,
    url: &'a Url,
    known: &'a Metadata,
    form: Form,
    is_once: bool,
    key: Option<&'a SigningKey>,
}

impl Inner {
    /// Sends a form as our client, and returns the answer of whatever status.
    ///
    /// With a key it carries a proof. While a secret of our client is being replaced, the one that
    /// is not taken is followed by the other: who is refused for it has spent nothing.
    pub(crate) async fn post(
        &self,
        operation: &'static str,
        url: &Url,
        known: &Metadata,
        form: Form,
        spends: Spends,
        key: Option<&SigningKey>,
    ) -> Result<Answer> {
        let is_asserted = self.identity.is_asserted(known);
        let is_once = spends == Spends::Grant || key.is_some() || is_asserted;
        let call = Call {
            operation,
            url,
            known,
            form,
            is_once,
            key,
        };
        let secret = self.identity.last_secret();
        let answer = self.exchange(&call, secret).await?;
        let Some(other) = self.identity.other_secret(secret) else {
            return Ok(answer);
        };
        if !answer.refuses_client() {
            return Ok(answer);
        }
        let second = self.exchange(&call, other).await?;
        if second.refuses_client() {
            return Ok(answer);
        }
        self.identity.use_secret(other);
        Ok(second)
    }

    /// Sends it; a server that wants its own nonce in the proof gets it, once.
    async fn exchange(&self, call: &Call<'_>, secret: Secret) -> Result<Answer> {
        let mut nonce = self.nonce.lock().clone();
        let answer = self.attempt(call, secret, nonce.as_deref()).await?;
        let given = dpop::nonce(&answer.headers);
        if call.key.is_none() || given.is_none() {
            return Ok(answer);
        }
        self.nonce.lock().clone_from(&given);
        if given == nonce || !answer.says("use_dpop_nonce") {
            return Ok(answer);
        }
        nonce = given;
        let answer = self.attempt(call, secret, nonce.as_deref()).await?;
        if let Some(next) = dpop::nonce(&answer.headers) {
            *self.nonce.lock() = Some(next);
        }
        Ok(answer)
    }

    async fn attempt(
        &self,
        call: &Call<'_>,
        secret: Secret,
        nonce: Option<&str>,
    ) -> Result<Answer> {
        let mut form = call.form.clone();
        let now = self.clock.unix();
        let header = match form.is_anonymous {
            true => None,
            false => self
                .identity
                .sign_in(&mut form, call.url, call.known, secret, now)?,
        };
        form.rename("client_id", self.preset.client_id_param.as_deref());
        let mut request = match form.is_query {
            true => self.http.get(call.url.as_str()).query(form.iter()),
            false => self.http.post(call.url.as_str()),
        };
        if let Some(header) = &header {
            request = request.header("authorization", header.expose_secret());
        }
        if let Some(key) = call.key {
            let proof = DpopProof::for_request(key, &Method::POST, call.url, None, nonce, now)?;
            request = request.header(dpop::HEADER, proof);
        }
        request = match self.preset.token_body {
            _ if form.is_query => request,
            BodyFormat::Form => request.form(form.iter()),
            BodyFormat::Json => request.json(&form.json()),
        };
        let answer = self.send(call.operation, request, call.is_once).await?;
        Ok(answer.without(form.into_secrets()))
    }

    /// Sends a request with what every request to the server has.
    pub(crate) async fn send(
        &self,
        operation: &'static str,
        request: RequestBuilder,
        is_once: bool,
    ) -> Result<Answer> {
        let mut request = request
            .operation(operation)
            .header("accept", "application/json")
            .body_limit(MAX_ANSWER)
            .hedge(false)
            .any_status();
        for (name, value) in &self.preset.headers {
            request = request.header(name, value);
        }
        request = match is_once {
            true => request.max_attempts(1),
            false => request.idempotent(true),
        };
        Ok(Answer::from(&request.send().await?))
    }

    pub(crate) async fn get(&self, operation: &'static str, url: &Url) -> Result<Answer> {
        let request = self.http.request(Method::GET, url.as_str());
        self.send(operation, request, false).await
    }
}

/// The address of an endpoint that a method needs.
pub(crate) fn needed<'a>(
    operation: &'static str,
    url: Option<&'a Url>,
    what: &'static str,
) -> Result<&'a Url> {
    url.ok_or_else(|| {
        Error::new(ErrorKind::Config, operation).with_message(format!(
            "server has no {what}: set its address in the preset"
        ))
    })
}
