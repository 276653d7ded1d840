//! What an application calls to log out at the provider.

use std::{fmt, sync::Arc};

use integration_core::{Result, SecretString};
use url::Url;

use super::leave::{Wish, come_back, leave};
use crate::{connection::ConnectionKey, login::ReturnTo, manager::OAuth};

/// A logout at the provider that has not begun.
#[must_use = "a logout does nothing until it is begun"]
pub struct Logout<'a> {
    oauth: &'a OAuth,
    key: &'a ConnectionKey,
    id_token: Option<SecretString>,
    redirect_uri: Option<String>,
    return_to: Option<String>,
    allowed: ReturnTo,
}

impl OAuth {
    /// Starts to end the session at the provider of a connection. End your own session first; the
    /// connection and its tokens stay.
    ///
    /// ```no_run
    /// # use integration_oauth::{OAuth, Result, connection::ConnectionKey};
    /// # async fn example(oauth: &OAuth, key: &ConnectionKey) -> Result<()> {
    /// let address = oauth.logout(key).redirect_uri("https://app.example.com/logged-out").begin().await?;
    /// // Send the browser there, if the provider has such an address.
    /// # let _ = address;
    /// # Ok(())
    /// # }
    /// ```
    pub fn logout<'a>(&'a self, key: &'a ConnectionKey) -> Logout<'a> {
        Logout {
            oauth: self,
            key,
            id_token: None,
            redirect_uri: None,
            return_to: None,
            allowed: ReturnTo::new(),
        }
    }

    /// Takes the browser that comes back from a logout, with the query of its address, and returns
    /// where it goes next: what [`Logout::return_to`] said.
    ///
    /// # Errors
    ///
    /// With a [`LoginRefusal`](crate::login::LoginRefusal) when the state is not that of a logout of
    /// ours, or was taken before; what the store and the vault report.
    pub async fn logged_out(&self, query: &str) -> Result<Option<String>> {
        come_back(&self.desk()?, query).await
    }
}

impl Logout<'_> {
    /// Sets the ID token that tells who leaves. Default: that of the connection.
    pub fn id_token(mut self, token: impl Into<SecretString>) -> Self {
        self.id_token = Some(token.into());
        self
    }

    /// Sets where the provider sends the browser afterwards, as it is registered there. Default:
    /// the browser stays at the provider.
    pub fn redirect_uri(mut self, address: impl Into<String>) -> Self {
        self.redirect_uri = Some(address.into());
        self
    }

    /// Sets where the browser goes once it is back: a path of our own site.
    pub fn return_to(mut self, address: impl Into<String>) -> Self {
        self.return_to = Some(address.into());
        self
    }

    /// Allows other sites as well for [`return_to`](Self::return_to).
    pub fn allow_return_to(mut self, allowed: ReturnTo) -> Self {
        self.allowed = allowed;
        self
    }

    /// Returns the address that ends the session at the provider, `None` when it has none. The
    /// address holds the ID token: never log it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) for a `return_to` that leads to a
    /// stranger; what the provider, the store and the vault report.
    pub async fn begin(self) -> Result<Option<Url>> {
        let return_to = self.return_to.map(|address| self.allowed.check(&address));
        let remote = Arc::clone(self.oauth.remote(self.key.provider())?);
        let id_token = match self.id_token {
            Some(token) => Some(token),
            None => self.oauth.id_token(self.key).await?,
        };
        let wish = Wish {
            id_token,
            redirect_uri: self.redirect_uri,
            return_to: return_to.transpose()?,
        };
        leave(&self.oauth.desk()?, &*remote, wish).await
    }
}

impl fmt::Debug for Logout<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logout")
            .field("key", &self.key)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
