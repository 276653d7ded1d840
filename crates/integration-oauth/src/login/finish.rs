//! The second half: from what came back to the tokens.

use integration_core::{Error, ErrorKind, ExposeSecret, Result, Retriability};
use integration_jwt::{Binding, Claims};
use serde_json::Value;

use super::{
    account::account,
    callback::Callback,
    desk::Desk,
    flow::PendingFlow,
    refusal::LoginRefusal,
    remote::{Code, Remote},
    secret::is_well_formed,
};
use crate::{connection::ConnectionKey, error::OAuthError, scopes::Scopes, tokens::TokenSet};

/// A login whose tokens are there and not kept yet.
pub(crate) struct Completed {
    pub(crate) key: ConnectionKey,
    pub(crate) tokens: TokenSet,
    pub(crate) identity: Option<Claims>,
    pub(crate) asked: Scopes,
    pub(crate) return_to: Option<String>,
    pub(crate) cookie: Option<String>,
}

/// Who asked for tokens, and for what.
pub(crate) struct Asker {
    pub(crate) tenant: String,
    pub(crate) provider: String,
    pub(crate) account: Option<String>,
    pub(crate) asked: Scopes,
}

/// Takes the login that a callback belongs to, or refuses it. Nothing is sent.
pub(crate) async fn take(desk: &Desk, callback: &Callback) -> Result<PendingFlow> {
    let state = callback
        .field("state")
        .filter(|state| is_well_formed(state));
    let flow = desk.take(state.ok_or(LoginRefusal::NoState)?).await?;
    if callback
        .provider()
        .is_some_and(|name| name != flow.provider)
    {
        return Err(LoginRefusal::OtherProvider.into());
    }
    check_browser(&flow, callback)?;
    Ok(flow)
}

/// Goes on with a login that was taken: spends the code, and finds out who logged in.
pub(crate) async fn complete(
    remote: &dyn Remote,
    flow: PendingFlow,
    callback: &Callback,
) -> Result<Completed> {
    check_issuer(remote, &flow, callback).await?;
    if let Some(said) = callback.refused() {
        return Err(refused(said));
    }
    let code = callback.field("code").ok_or(LoginRefusal::NoCode)?;
    let exchange = Code {
        code,
        redirect_uri: &flow.redirect_uri,
        verifier: flow.verifier.as_ref().map(|text| text.as_str()),
        dpop_key: flow.dpop_key.as_ref().map(|key| key.as_str().into()),
    };
    let mut tokens = remote.exchange(&exchange).await?;
    let identity = identity(remote, &flow, code, &tokens).await?;
    keep_fields(remote, callback, &mut tokens);
    let asker = Asker {
        tenant: flow.tenant,
        provider: flow.provider,
        account: flow.account,
        asked: flow.scopes,
    };
    let mut done = name(remote, asker, tokens, identity).await?;
    done.return_to = flow.return_to;
    done.cookie = flow.browser.map(|(name, _)| name);
    Ok(done)
}

/// Finds out whose tokens these are.
pub(crate) async fn name(
    remote: &dyn Remote,
    asker: Asker,
    mut tokens: TokenSet,
    identity: Option<Claims>,
) -> Result<Completed> {
    let account = match asker.account {
        Some(name) => name,
        None => account(remote, &tokens, identity.as_ref().map(|id| &id.extra)).await?,
    };
    // An answer without scopes grants what was asked for (RFC 6749, 5.1).
    tokens.scopes.get_or_insert_with(|| asker.asked.clone());
    Ok(Completed {
        key: ConnectionKey::new(asker.tenant, asker.provider, account)?,
        tokens,
        identity,
        asked: asker.asked,
        return_to: None,
        cookie: None,
    })
}

fn check_browser(flow: &PendingFlow, callback: &Callback) -> Result<()> {
    let Some((cookie, mark)) = &flow.browser else {
        return Ok(());
    };
    let brought = callback.browser(cookie);
    match brought.is_some_and(|value| mark.is_of(value.expose_secret())) {
        true => Ok(()),
        false => Err(LoginRefusal::OtherBrowser.into()),
    }
}

/// The defence against mix-up (RFC 9207): a code goes to no server but the one that gave it.
async fn check_issuer(remote: &dyn Remote, flow: &PendingFlow, callback: &Callback) -> Result<()> {
    let server = remote.server().await?;
    if server.issuer != flow.issuer {
        return Err(LoginRefusal::OtherIssuer.into());
    }
    match (callback.field("iss"), &flow.issuer) {
        (Some(told), Some(issuer)) if told != issuer => Err(LoginRefusal::OtherIssuer.into()),
        (None, Some(_)) if server.sends_issuer => Err(LoginRefusal::NoIssuer.into()),
        // Without an issuer of its own a provider is known by the address of its callback alone.
        _ => Ok(()),
    }
}

/// The ID token, which a login that asked for it must get.
async fn identity(
    remote: &dyn Remote,
    flow: &PendingFlow,
    code: &str,
    tokens: &TokenSet,
) -> Result<Option<Claims>> {
    let Some(nonce) = &flow.nonce else {
        return Ok(None);
    };
    let mut binding = Binding::new().nonce(nonce.as_str()).code(code);
    if let Some(age) = flow.max_age {
        binding = binding.max_age(age);
    }
    judged(remote, tokens, binding).await.map(Some)
}

/// The claims of the ID token, which must be there.
pub(crate) async fn judged(
    remote: &dyn Remote,
    tokens: &TokenSet,
    binding: Binding,
) -> Result<Claims> {
    let token = tokens.id_token.as_ref().ok_or(LoginRefusal::BadIdToken)?;
    let binding = binding.access_token(tokens.access_token.expose_secret());
    remote.check_id_token(token.expose_secret(), &binding).await
}

/// Keeps the fields of the callback that the preset names. What the token endpoint said stands:
/// it did not come through the browser.
fn keep_fields(remote: &dyn Remote, callback: &Callback, tokens: &mut TokenSet) {
    for name in &remote.preset().keep_from_callback {
        if let Some(value) = callback.field(name) {
            let value = || Value::String(value.to_owned());
            tokens.extra.entry(name.as_str()).or_insert_with(value);
        }
    }
}

fn refused(said: OAuthError) -> Error {
    let kind = match said.code.as_str() {
        "access_denied"
        | "login_required"
        | "consent_required"
        | "interaction_required"
        | "account_selection_required" => ErrorKind::PermissionDenied,
        "server_error" | "temporarily_unavailable" => ErrorKind::Unavailable,
        _ => ErrorKind::Validation,
    };
    Error::new(kind, "oauth.finish")
        .with_message("the provider refused the login")
        .with_context("error", &said.code)
        .with_retriability(Retriability::Never)
        .with_provider(said)
}
