//! `OAuth` of Connect: how the account of somebody else is connected to ours.

use integration_core::{Error, ErrorKind, ExposeSecret, Result};

use crate::{
    Client, Params, Req,
    op::{Host, Op},
    view::view,
};

/// The calls of `OAuth`; their errors have words such as `invalid_grant` as
/// [`code`](crate::StripeError::code).
#[derive(Clone, Copy, Debug)]
pub struct OAuth<'c>(&'c Client);

view! {
    /// What connects an account.
    OAuthToken {
        access_token: &str = text "access_token" Required "What calls for the account are made with; always there.";
        livemode: bool = flag "livemode" Required "`true` or `false`; always there.";
        refresh_token: &str = text "refresh_token" Optional "What gets another access token; may be missing.";
        scope: &str = text "scope" Required "What is permitted; always there.";
        stripe_publishable_key: &str = text "stripe_publishable_key" Optional "The key for the browser; may be missing.";
        stripe_user_id: &str = text "stripe_user_id" Required "The id of the account; always there.";
        token_type: &str = text "token_type" Required "`bearer`; always there.";
    }
}

view! {
    /// An account that is connected no more.
    OAuthDeauthorized {
        stripe_user_id: &str = text "stripe_user_id" Required "The id of the account; always there.";
    }
}

impl Client {
    /// Returns the calls of `OAuth`.
    #[must_use]
    pub fn oauth(&self) -> OAuth<'_> {
        OAuth(self)
    }
}

const TOKEN: Op = connect("stripe.oauth.token", "/oauth/token");
const DEAUTHORIZE: Op = connect("stripe.oauth.deauthorize", "/oauth/deauthorize");

const fn connect(name: &'static str, path: &'static str) -> Op {
    let mut op = Op::post(name, path);
    op.host = Host::Connect;
    op
}

impl OAuth<'_> {
    /// Returns the address that the owner of the account is sent to.
    ///
    /// `state` comes back with the owner, and must be held against the one of the session: without it
    /// anybody's account could be connected. `params` are those of the reference, such as `scope` and
    /// `redirect_uri`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Validation`] when `client_id` or `state` is empty.
    ///
    /// [API reference](https://docs.stripe.com/connect/oauth-reference#get-authorize)
    pub fn authorize_url(&self, client_id: &str, state: &str, params: &Params) -> Result<String> {
        if client_id.is_empty() || state.is_empty() {
            let error = Error::new(ErrorKind::Validation, "stripe.oauth.authorize_url");
            return Err(error.with_message("`client_id` and `state` must not be empty"));
        }
        let base = self.0.config().connect_url.trim_end_matches('/');
        let params = params
            .clone()
            .with("response_type", "code")
            .with("client_id", client_id)
            .with("state", state);
        Ok(format!("{base}/oauth/authorize?{}", params.to_form()))
    }

    /// Turns the code that came back with the owner into a connection. A code is good once, for five
    /// minutes.
    ///
    /// [API reference](https://docs.stripe.com/connect/oauth-reference#post-token)
    pub fn token(&self, code: &str) -> Req<OAuthToken> {
        let params = Params::new().with("grant_type", "authorization_code");
        self.call(TOKEN, params.with("code", code))
    }

    /// Gets a new access token for a refresh token.
    ///
    /// [API reference](https://docs.stripe.com/connect/oauth-reference#post-token)
    pub fn refresh(&self, refresh_token: &str) -> Req<OAuthToken> {
        let params = Params::new().with("grant_type", "refresh_token");
        self.call(TOKEN, params.with("refresh_token", refresh_token))
    }

    /// Ends the connection of an account.
    ///
    /// [API reference](https://docs.stripe.com/connect/oauth-reference#post-deauthorize)
    pub fn deauthorize(&self, client_id: &str, account: &str) -> Req<OAuthDeauthorized> {
        let params = Params::new().with("client_id", client_id);
        Req::new(
            self.0,
            DEAUTHORIZE,
            &[],
            params.with("stripe_user_id", account),
        )
    }

    fn call(&self, op: Op, params: Params) -> Req<OAuthToken> {
        let key = self.0.config().api_key.expose_secret();
        Req::new(self.0, op, &[], params.with("client_secret", key))
    }
}
