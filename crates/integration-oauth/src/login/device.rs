//! Login on another device than the one that needs the tokens (RFC 8628).

use std::{fmt, sync::Arc};

use integration_core::Result;
use integration_jwt::Binding;

use super::{
    begin::OPENID,
    finish::{Asker, judged, name},
    handle::{DEFAULT_TENANT, Finished, shut_down},
    remote::Remote,
};
use crate::{grants::DeviceLogin, manager::OAuth, scopes::Scopes};

/// What the user has to know.
#[derive(Clone)]
#[non_exhaustive]
pub struct DevicePrompt {
    /// Where the user goes, on any device with a browser.
    pub address: String,
    /// What the user types there.
    pub code: String,
    /// Where the user goes without having to type, for a QR code.
    pub address_with_code: Option<String>,
}

/// A login by device that has not begun.
#[must_use = "a login does nothing until it runs"]
pub struct DeviceAuth<'a> {
    oauth: &'a OAuth,
    asker: Asker,
}

impl OAuth {
    /// Starts a login for a program without a browser at hand, such as one over ssh.
    ///
    /// ```no_run
    /// # async fn example(oauth: &integration_oauth::OAuth) -> integration_oauth::Result<()> {
    /// let tell = |prompt: &integration_oauth::login::DevicePrompt| {
    ///     println!("open {} and type {}", prompt.address, prompt.code);
    /// };
    /// let login = oauth.device("google").run(tell).await?;
    /// # let _ = login;
    /// # Ok(())
    /// # }
    /// ```
    pub fn device(&self, provider: impl Into<String>) -> DeviceAuth<'_> {
        DeviceAuth {
            oauth: self,
            asker: Asker {
                tenant: DEFAULT_TENANT.to_owned(),
                provider: provider.into(),
                account: None,
                asked: Scopes::default(),
            },
        }
    }
}

impl DeviceAuth<'_> {
    /// Sets whose connection it will be. Default: [`DEFAULT_TENANT`].
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.asker.tenant = tenant.into();
        self
    }

    /// Names the account, whatever the provider says. Default: as the provider says.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.asker.account = Some(account.into());
        self
    }

    /// Sets what is asked for. Default: the scopes of the provider's preset.
    pub fn scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.asker.asked = scopes.into();
        self
    }

    /// Logs in: tells the user where to go, waits until the user has decided, keeps the tokens.
    ///
    /// Waits as long as the provider permits, at most 30 min. Dropping the future ends the wait;
    /// tokens that came already are kept all the same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::PermissionDenied`](crate::ErrorKind::PermissionDenied) when the user said no,
    /// [`ErrorKind::DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) when the code has
    /// expired; else as [`OAuth::finish`].
    pub async fn run(self, tell: impl FnOnce(&DevicePrompt)) -> Result<Finished> {
        let Self { oauth, mut asker } = self;
        let remote = Arc::clone(oauth.remote(&asker.provider)?);
        if asker.asked.is_empty() {
            asker.asked = remote.preset().scopes.iter().cloned().collect();
        }
        let login = remote.device(asker.asked.clone()).await?;
        tell(&DevicePrompt {
            address: login.verification_uri.clone(),
            code: login.user_code.clone(),
            address_with_code: login.verification_uri_complete.clone(),
        });
        finish(oauth.clone(), remote, asker, login).await
    }
}

/// Waits until the user has decided; what follows goes on in a task when nobody waits.
async fn finish(
    oauth: OAuth,
    remote: Arc<dyn Remote>,
    asker: Asker,
    mut login: DeviceLogin,
) -> Result<Finished> {
    let tokens = login.wait().await?;
    let rest = tokio::spawn(async move {
        let identity = match asker.asked.contains(OPENID) {
            true => Some(judged(&*remote, &tokens, Binding::new()).await?),
            false => None,
        };
        let done = name(&*remote, asker, tokens, identity).await?;
        oauth.keep(done).await
    });
    rest.await.unwrap_or_else(|_| Err(shut_down()))
}

impl fmt::Debug for DeviceAuth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceAuth")
            .field("provider", &self.asker.provider)
            .field("tenant", &self.asker.tenant)
            .field("scopes", &self.asker.asked)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DevicePrompt {
    /// Shows no code: whoever types it logs this device in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevicePrompt")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
