//! What an application calls.

use std::{fmt, sync::Arc, time::Duration};

use integration_core::{Error, ErrorKind, Result};
use integration_jwt::Claims;

use super::{
    begin::{Begun, Wish, begin},
    callback::Callback,
    finish::{Completed, complete, take},
    return_to::ReturnTo,
};
use crate::{
    manager::{Connection, OAuth},
    scopes::Scopes,
};

/// The tenant of logins that name none, for applications that have no tenants.
pub const DEFAULT_TENANT: &str = "default";

/// A login that has not begun: what is asked for.
#[must_use = "a login does nothing until it is begun"]
pub struct Login<'a> {
    oauth: &'a OAuth,
    wish: Wish,
    allowed: ReturnTo,
}

/// A login that is done. Its tokens are kept.
#[derive(Clone)]
#[non_exhaustive]
pub struct Finished {
    /// The connection, by whose key its tokens are had.
    pub connection: Connection,
    /// The claims of the ID token, which was judged; `None` when the scope `openid` was not asked
    /// for.
    pub identity: Option<Claims>,
    /// What was granted.
    pub granted: Scopes,
    /// What was asked for and not granted.
    pub refused: Scopes,
    /// Where the login said the browser goes next: checked when it was begun.
    pub return_to: Option<String>,
    /// The name of the cookie that is used up.
    pub cookie: Option<String>,
}

impl OAuth {
    /// Starts a login at the provider of this name.
    ///
    /// ```no_run
    /// # async fn example(oauth: &integration_oauth::OAuth) -> integration_oauth::Result<()> {
    /// let begun = oauth.login("github").tenant("acme").return_to("/settings").begin().await?;
    /// // Answer with the cookie and a redirect to the address:
    /// let (cookie, address) = (begun.cookie, begun.url);
    /// # let _ = (cookie, address);
    /// # Ok(())
    /// # }
    /// ```
    pub fn login(&self, provider: impl Into<String>) -> Login<'_> {
        Login {
            oauth: self,
            wish: Wish {
                provider: provider.into(),
                tenant: DEFAULT_TENANT.to_owned(),
                ..Wish::default()
            },
            allowed: ReturnTo::new(),
        }
    }

    /// Finishes a login with what came back through the browser, and keeps its tokens.
    ///
    /// Checks the state, which is taken once, the browser, the issuer and the ID token, and spends
    /// the code in one attempt. A caller that is dropped meanwhile loses nothing: the login goes on
    /// without it.
    ///
    /// # Errors
    ///
    /// With a [`LoginRefusal`](super::LoginRefusal) when the callback is not that of a login of
    /// ours, with an [`OAuthError`](crate::OAuthError) when the provider refuses it; what the
    /// exchange, the store and the vault report. A new login is needed then.
    pub async fn finish(&self, callback: Callback) -> Result<Finished> {
        let flow = take(&self.desk()?, &callback).await?;
        let remote = Arc::clone(self.remote(&flow.provider)?);
        let oauth = self.clone();
        // A code is good once: a browser that hangs up must not leave it spent for nothing.
        let rest = tokio::spawn(async move {
            let done = complete(&*remote, flow, &callback).await?;
            oauth.keep(done).await
        });
        rest.await.unwrap_or_else(|_| Err(shut_down()))
    }

    pub(super) async fn keep(&self, done: Completed) -> Result<Finished> {
        let granted = done.tokens.scopes.clone().unwrap_or_default();
        Ok(Finished {
            refused: granted.missing_of(&done.asked),
            granted,
            connection: self.connect(done.key, done.tokens).await?,
            identity: done.identity,
            return_to: done.return_to,
            cookie: done.cookie,
        })
    }
}

impl Login<'_> {
    /// Sets whose connection it will be. Default: [`DEFAULT_TENANT`].
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.wish.tenant = tenant.into();
        self
    }

    /// Names the account, whatever the provider says. Default: as the provider says.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.wish.account = Some(account.into());
        self
    }

    /// Sets what is asked for. Default: the scopes of the provider's preset.
    pub fn scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.wish.scopes = Some(scopes.into());
        self
    }

    /// Sets where the browser goes after the login: a path of our own site.
    pub fn return_to(mut self, address: impl Into<String>) -> Self {
        self.wish.return_to = Some(address.into());
        self
    }

    /// Allows other sites as well for [`return_to`](Self::return_to).
    pub fn allow_return_to(mut self, allowed: ReturnTo) -> Self {
        self.allowed = allowed;
        self
    }

    /// Sets the address that the provider sends the browser to. Default: that of the provider.
    pub fn redirect_uri(mut self, address: impl Into<String>) -> Self {
        self.wish.redirect_uri = Some(address.into());
        self
    }

    /// Wants a user who proved who they are at most this long ago.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.wish.max_age = Some(age);
        self
    }

    /// Adds a field to the address, such as `prompt` or `login_hint`.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.wish.params.insert(name.into(), value.into());
        self
    }

    /// Makes no cookie: for a program whose own user logs in, and never for a web site, where
    /// anybody could then finish the login of anybody.
    pub fn without_browser(mut self) -> Self {
        self.wish.is_in_process = true;
        self
    }

    /// Begins: makes the secrets of this login, keeps them sealed, and tells where the browser goes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a provider that is not known or has no address to come back to,
    /// [`ErrorKind::Validation`] for a `return_to` that leads to a stranger; what the provider, the
    /// store and the vault report.
    pub async fn begin(mut self) -> Result<Begun> {
        if let Some(address) = &self.wish.return_to {
            self.wish.return_to = Some(self.allowed.check(address)?);
        }
        let remote = Arc::clone(self.oauth.remote(&self.wish.provider)?);
        begin(&self.oauth.desk()?, &*remote, self.wish).await
    }
}

pub(super) fn shut_down() -> Error {
    Error::new(ErrorKind::Cancelled, "oauth.finish")
        .with_message("the runtime shut down in the midst of a login")
}

impl fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("provider", &self.wish.provider)
            .field("tenant", &self.wish.tenant)
            .field("scopes", &self.wish.scopes)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finished")
            .field("connection", &self.connection)
            .field("identity", &self.identity)
            .field("granted", &self.granted)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}
