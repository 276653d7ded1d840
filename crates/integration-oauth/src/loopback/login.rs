//! The login of a program, from the listener to the connection.

use std::{fmt, io::Write as _, sync::Arc, time::Duration};

use integration_core::{Error, ErrorKind, Result};
use tokio::time::timeout;
use url::Url;

use super::{
    browser::Browser,
    listener::{Listener, LoopbackConfig},
    serve::Serving,
};
use crate::{
    login::{Finished, Page},
    manager::OAuth,
    scopes::Scopes,
};

/// How long a user may take, unless the program says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(180);

/// A login of a command-line program that has not begun.
#[must_use = "a login does nothing until it runs"]
pub struct LoopbackLogin<'a> {
    oauth: &'a OAuth,
    provider: String,
    tenant: Option<String>,
    account: Option<String>,
    scopes: Option<Scopes>,
    params: Vec<(String, String)>,
    config: LoopbackConfig,
    browser: Browser,
    timeout: Duration,
    tell: Arc<dyn Fn(&Url) + Send + Sync>,
}

impl OAuth {
    /// Starts the login of a command-line program at the provider of this name: in the browser of
    /// its user, who comes back to a port of this machine.
    ///
    /// ```no_run
    /// # async fn example(oauth: &integration_oauth::OAuth) -> integration_oauth::Result<()> {
    /// let login = oauth.loopback("github").run().await?;
    /// println!("logged in as {}", login.connection.key.account());
    /// # Ok(())
    /// # }
    /// ```
    pub fn loopback(&self, provider: impl Into<String>) -> LoopbackLogin<'_> {
        LoopbackLogin {
            oauth: self,
            provider: provider.into(),
            tenant: None,
            account: None,
            scopes: None,
            params: Vec::new(),
            config: LoopbackConfig::default(),
            browser: Browser::System,
            timeout: DEFAULT_TIMEOUT,
            tell: Arc::new(print),
        }
    }
}

impl LoopbackLogin<'_> {
    /// Sets whose connection it will be. Default: [`DEFAULT_TENANT`](crate::login::DEFAULT_TENANT).
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Names the account, whatever the provider says. Default: as the provider says.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Sets what is asked for. Default: the scopes of the provider's preset.
    pub fn scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.scopes = Some(scopes.into());
        self
    }

    /// Adds a field to the address, such as `prompt` or `login_hint`.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Sets where the program listens. Default: `http://127.0.0.1:PORT/cb` with a free port.
    pub fn listen(mut self, config: LoopbackConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets how the browser is opened. Default: [`Browser::System`].
    pub fn browser(mut self, browser: Browser) -> Self {
        self.browser = browser;
        self
    }

    /// Sets how long the user may take. Default: 180 s.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets who tells the user which address to open, where no browser was opened. Default: a line
    /// on standard error.
    pub fn on_no_browser(mut self, tell: impl Fn(&Url) + Send + Sync + 'static) -> Self {
        self.tell = Arc::new(tell);
        self
    }

    /// Logs in: opens the browser, waits for the user, keeps the tokens.
    ///
    /// Dropping the future stops listening; a login that came back already is finished all the
    /// same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DeadlineExceeded`] when the user did not come back in time,
    /// [`ErrorKind::Config`] when the port is taken; else as [`OAuth::finish`].
    pub async fn run(self) -> Result<Finished> {
        let listener = Listener::bind(&self.config).await?;
        let mut login = self.oauth.login(self.provider).without_browser();
        login = login.redirect_uri(listener.redirect_uri());
        for (name, value) in self.params {
            login = login.param(name, value);
        }
        if let Some(tenant) = self.tenant {
            login = login.tenant(tenant);
        }
        if let Some(account) = self.account {
            login = login.account(account);
        }
        if let Some(scopes) = self.scopes {
            login = login.scopes(scopes);
        }
        let begun = login.begin().await?;
        let mut serving = Serving::start(listener, begun.state);
        if !self.browser.open(&begun.url) {
            (self.tell)(&begun.url);
        }
        let arrival = timeout(self.timeout, serving.arrival()).await;
        let arrival = arrival.ok().flatten().ok_or_else(|| {
            Error::new(ErrorKind::DeadlineExceeded, "oauth.loopback")
                .with_message("nobody came back from the browser in time")
        })?;
        let finished = self.oauth.finish(arrival.callback).await;
        let page = match &finished {
            Ok(_) => Page::LOGGED_IN,
            Err(_) => Page::LOGIN_FAILED,
        };
        let _ = arrival.page.send(page);
        serving.finish().await;
        finished
    }
}

fn print(url: &Url) {
    // Whoever closed standard error does not want to know.
    let _ = writeln!(std::io::stderr(), "Open this address to log in:\n{url}");
}

impl fmt::Debug for LoopbackLogin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopbackLogin")
            .field("provider", &self.provider)
            .field("config", &self.config)
            .field("browser", &self.browser)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
