//! What ID tokens say that came from their server with the tokens. They are not judged here: the
//! first one was when its user logged in.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

/// Reads the claims of an ID token.
pub(crate) fn claims(id_token: &SecretString) -> Option<Map<String, Value>> {
    let payload = id_token.expose_secret().split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// Returns the claim by which the ID token of a refresh is not of the login before it, if there is one
/// (OpenID Connect Core, 12.2).
pub(crate) fn strange_claim(
    before: &Map<String, Value>,
    now: &Map<String, Value>,
    client_id: &str,
) -> Option<&'static str> {
    let is_ours = |value: &Value| value == client_id;
    let is_for_us = |aud: &Value| match aud {
        Value::Array(several) => several.iter().any(is_ours),
        one => is_ours(one),
    };
    if let Some(name) = ["iss", "sub"]
        .into_iter()
        .find(|name| before.get(*name) != now.get(*name))
    {
        return Some(name);
    }
    if !now.get("aud").is_some_and(is_for_us) {
        return Some("aud");
    }
    let is_strange = now.get("azp").is_some_and(|azp| !is_ours(azp));
    is_strange.then_some("azp")
}
