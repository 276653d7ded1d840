//! Logout at the provider, which the user begins with us.

use std::time::Duration;

use integration_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::{
    login::{Desk, Fingerprint, LOGIN_LIFETIME, LoginRefusal, Remote, unguessable},
    seal::Slot,
};

/// What is asked of the provider.
#[derive(Clone, Default)]
pub(crate) struct Wish {
    pub(crate) id_token: Option<SecretString>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) return_to: Option<String>,
}

/// What is remembered until the browser comes back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pending {
    v: u8,
    return_to: Option<String>,
    created_at_s: u64,
}

/// The address that ends the session at the provider; `None` when it has none.
pub(crate) async fn leave(desk: &Desk, remote: &dyn Remote, wish: Wish) -> Result<Option<Url>> {
    let Some(mut url) = remote.server().await?.end_session else {
        return Ok(None);
    };
    let state = match &wish.redirect_uri {
        Some(_) => Some(put(desk, wish.return_to).await?),
        None => None,
    };
    let mut query = url.query_pairs_mut();
    query.append_pair("client_id", remote.client_id());
    if let Some(token) = &wish.id_token {
        query.append_pair("id_token_hint", token.expose_secret());
    }
    if let (Some(redirect_uri), Some(state)) = (&wish.redirect_uri, &state) {
        query.append_pair("post_logout_redirect_uri", redirect_uri);
        query.append_pair("state", state);
    }
    drop(query);
    Ok(Some(url))
}

/// Where the browser goes that came back from a logout with this state.
pub(crate) async fn come_back(desk: &Desk, query: &str) -> Result<Option<String>> {
    let query = query.strip_prefix('?').unwrap_or(query);
    let mut states = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "state");
    let (Some((_, state)), None) = (states.next(), states.next()) else {
        return Err(LoginRefusal::NoState.into());
    };
    let fingerprint = place_of(&state);
    let sealed = desk.flows.take(fingerprint.0).await?;
    let sealed = sealed.ok_or(LoginRefusal::UnknownState)?;
    let place = fingerprint.text();
    let plain = desk.vault.open(&slot(&place), &sealed).await?;
    let pending: Pending =
        serde_json::from_slice(&plain).map_err(|_| LoginRefusal::UnknownState)?;
    let ends_at = Duration::from_secs(pending.created_at_s).saturating_add(LOGIN_LIFETIME);
    match pending.v == 1 && desk.clock.unix() < ends_at {
        true => Ok(pending.return_to),
        false => Err(LoginRefusal::UnknownState.into()),
    }
}

async fn put(desk: &Desk, return_to: Option<String>) -> Result<Zeroizing<String>> {
    let state = unguessable()?;
    let fingerprint = place_of(&state);
    let now = desk.clock.unix();
    let pending = Pending {
        v: 1,
        return_to,
        created_at_s: now.as_secs(),
    };
    let plain = serde_json::to_vec(&pending)
        .map_err(|error| Error::new(ErrorKind::Serialize, "oauth.logout").with_source(error))?;
    let place = fingerprint.text();
    let sealed = desk.vault.seal(&slot(&place), &plain).await?;
    let ends_at = now.saturating_add(LOGIN_LIFETIME);
    desk.flows.put(fingerprint.0, sealed, ends_at).await?;
    Ok(state)
}

/// Another place than that of a login with this state, which is not to be lost by it.
fn place_of(state: &str) -> Fingerprint {
    Fingerprint::of(&Zeroizing::new(format!("logout {state}")))
}

/// Another column than that of logins: the state of a logout finishes no login.
fn slot(account: &str) -> Slot<'_> {
    Slot {
        tenant: "",
        provider: "",
        account,
        column: "logout",
        version: 1,
    }
}
