//! The first half: the address that the browser goes to.

use std::{collections::BTreeMap, fmt, time::Duration};

use integration_core::{Error, ErrorKind, ExposeSecret, Result};
use url::Url;
use zeroize::Zeroizing;

use super::{
    cookie::BrowserCookie,
    desk::{Desk, LOGIN_LIFETIME},
    flow::PendingFlow,
    remote::{Ask, Remote},
    secret::{Fingerprint, unguessable},
};
use crate::{
    preset::{Pkce, Preset},
    scopes::Scopes,
};

/// The scope that asks for an ID token.
pub(super) const OPENID: &str = "openid";

/// What a caller wants of a login.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) provider: String,
    pub(crate) tenant: String,
    pub(crate) account: Option<String>,
    pub(crate) scopes: Option<Scopes>,
    pub(crate) return_to: Option<String>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) params: BTreeMap<String, String>,
    /// Whether this program, and no browser with a cookie, finishes the login.
    pub(crate) is_in_process: bool,
}

/// A login that has begun: send the browser to `url`, with the cookie.
#[non_exhaustive]
pub struct Begun {
    /// Where the browser goes. It holds the state: never log it.
    pub url: Url,
    /// The cookie to set in the same answer; `None` only for logins of
    /// [`without_browser`](super::Login::without_browser).
    pub cookie: Option<BrowserCookie>,
    /// By it the listener on the loopback knows the callback of its own login.
    #[cfg(feature = "loopback")]
    pub(crate) state: Fingerprint,
}

pub(crate) async fn begin(desk: &Desk, remote: &dyn Remote, wish: Wish) -> Result<Begun> {
    let preset = remote.preset();
    let redirect_uri = redirect_uri(remote, &wish)?;
    let server = remote.server().await?;
    let scopes = wish
        .scopes
        .unwrap_or_else(|| preset.scopes.iter().cloned().collect());
    let state = unguessable()?;
    let fingerprint = Fingerprint::of(&state);
    let nonce = scopes.contains(OPENID).then(unguessable).transpose()?;
    let verifier = (preset.pkce != Pkce::Off).then(unguessable).transpose()?;
    let (cookie, browser) = match wish.is_in_process {
        true => (None, None),
        false => {
            let is_secure = redirect_uri.starts_with("https://");
            let is_cross_site = posts_a_form(preset, &wish.params);
            let (cookie, mark) =
                BrowserCookie::new(&fingerprint, is_secure, is_cross_site, LOGIN_LIFETIME)?;
            let name = cookie.name().to_owned();
            (Some(cookie), Some((name, mark)))
        }
    };
    let dpop_key = remote.new_dpop_key()?;
    let ask = Ask {
        redirect_uri: &redirect_uri,
        scopes: &scopes,
        state: &state,
        nonce: nonce.as_ref(),
        // RFC 7636, 4.2: the challenge is the hash of the verifier.
        challenge: verifier.as_ref().map(|text| Fingerprint::of(text).text()),
        max_age: wish.max_age,
        dpop_key: dpop_key.as_ref(),
        params: &wish.params,
    };
    let url = remote.authorize_url(&ask).await?;
    let flow = PendingFlow {
        state: fingerprint,
        provider: wish.provider,
        tenant: wish.tenant,
        account: wish.account,
        issuer: server.issuer,
        verifier,
        nonce,
        redirect_uri,
        scopes,
        return_to: wish.return_to,
        browser,
        max_age: wish.max_age,
        dpop_key: dpop_key.map(|key| Zeroizing::new(key.expose_secret().to_owned())),
        created_at: desk.clock.unix(),
    };
    desk.put(&flow).await?;
    Ok(Begun {
        url,
        cookie,
        #[cfg(feature = "loopback")]
        state: flow.state,
    })
}

fn redirect_uri(remote: &dyn Remote, wish: &Wish) -> Result<String> {
    let given = wish.redirect_uri.as_deref().or(remote.redirect_uri());
    given.map(str::to_owned).ok_or_else(|| {
        let message = format!("`redirect_uri` of `{}` is not set", wish.provider);
        Error::new(ErrorKind::Config, "oauth.login").with_message(message)
    })
}

/// Whether the provider will post the callback, from its own site.
fn posts_a_form(preset: &Preset, params: &BTreeMap<String, String>) -> bool {
    let mode = params
        .get("response_mode")
        .or_else(|| preset.authorize_params.get("response_mode"));
    mode.is_some_and(|mode| mode == "form_post")
}

impl fmt::Debug for Begun {
    /// Shows no address: it holds the state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun")
            .field("host", &self.url.host_str())
            .field("cookie", &self.cookie)
            .finish_non_exhaustive()
    }
}
