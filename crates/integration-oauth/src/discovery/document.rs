//! The document in which a server describes itself.

use integration_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value};
use url::Url;

use crate::provider::{Guard, Metadata};

/// Words of a list that are taken.
const MAX_WORDS: usize = 64;

/// Reads a document of this issuer. Addresses of the preset win over those of the document.
///
/// `template` is how the issuer may be written beside its own spelling.
pub(super) fn read(
    body: &[u8],
    preset: &Metadata,
    template: Option<&str>,
    guard: &Guard,
    is_mtls: bool,
) -> Result<Metadata> {
    let text = std::str::from_utf8(body).ok();
    let text = text.map(|text| text.trim_start_matches('\u{feff}'));
    let document: Option<Map<String, Value>> =
        text.and_then(|text| serde_json::from_str(text).ok());
    let document = document.ok_or_else(|| mistake("is no JSON object"))?;
    let told = document.get("issuer").and_then(Value::as_str);
    if told.is_none() || (told != preset.issuer.as_deref() && told != template) {
        return Err(mistake(
            "is of another issuer: its `issuer` must be ours to the letter",
        ));
    }
    let aliases = document.get("mtls_endpoint_aliases");
    let aliases = aliases.and_then(Value::as_object).filter(|_| is_mtls);
    let url = |of_preset: &Option<Url>, name: &str| -> Result<Option<Url>> {
        if of_preset.is_some() {
            return Ok(of_preset.clone());
        }
        let alias = aliases.and_then(|aliases| aliases.get(name));
        let named = alias.or_else(|| document.get(name)).and_then(Value::as_str);
        named.map(|text| guard.named(text)).transpose()
    };
    // What is seldom used does not keep anybody from logging in where its address is a strange one.
    let optional = |of_preset: &Option<Url>, name: &str| url(of_preset, name).unwrap_or_default();
    let is = |name: &str| document.get(name) == Some(&Value::Bool(true));
    Ok(Metadata {
        issuer: preset.issuer.clone(),
        authorize: url(&preset.authorize, "authorization_endpoint")?,
        token: url(&preset.token, "token_endpoint")?,
        refresh: preset.refresh.clone(),
        device: optional(&preset.device, "device_authorization_endpoint"),
        par: url(&preset.par, "pushed_authorization_request_endpoint")?,
        revoke: optional(&preset.revoke, "revocation_endpoint"),
        introspect: optional(&preset.introspect, "introspection_endpoint"),
        userinfo: optional(&preset.userinfo, "userinfo_endpoint"),
        end_session: optional(&preset.end_session, "end_session_endpoint"),
        jwks: url(&preset.jwks, "jwks_uri")?,
        register: optional(&None, "registration_endpoint"),
        sends_iss: is("authorization_response_iss_parameter_supported"),
        requires_par: is("require_pushed_authorization_requests"),
        pkce_methods: words(&document, "code_challenge_methods_supported"),
        auth_methods: words(&document, "token_endpoint_auth_methods_supported").unwrap_or_default(),
        id_token_algorithms: words(&document, "id_token_signing_alg_values_supported")
            .unwrap_or_default(),
        dpop_algorithms: words(&document, "dpop_signing_alg_values_supported").unwrap_or_default(),
        has_backchannel_logout: is("backchannel_logout_supported"),
    })
}

fn words(document: &Map<String, Value>, name: &str) -> Option<Vec<String>> {
    let list = document.get(name)?.as_array()?;
    let words = list.iter().filter_map(Value::as_str).take(MAX_WORDS);
    Some(words.map(str::to_owned).collect())
}

pub(super) fn mistake(what: &str) -> Error {
    Error::new(ErrorKind::Decode, "oauth.discover")
        .with_message(format!("discovery document {what}"))
}
