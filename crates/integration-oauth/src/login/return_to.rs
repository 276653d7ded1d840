//! Where the browser goes after a login: never to a stranger.

use integration_core::{Error, ErrorKind, Result};
use url::{Origin, Position, Url};

use crate::limits::MAX_RETURN_TO;

/// What relative addresses are resolved against. Nothing is ever sent there.
const BASE: &str = "https://return-to.invalid/";

/// Decides where a browser may be sent after a login.
///
/// Paths of our own site are always allowed; other sites only when they are named. An address that
/// anybody can put into a link must not send a user, fresh from a login, to a page of somebody else.
///
/// ```
/// use integration_oauth::login::ReturnTo;
///
/// let allowed = ReturnTo::new().allow_origin("https://app.example.com")?;
/// assert_eq!(allowed.check("/settings?tab=1#top")?, "/settings?tab=1#top");
/// assert_eq!(allowed.check("https://app.example.com/a")?, "https://app.example.com/a");
/// assert!(allowed.check("//evil.example").is_err());
/// # Ok::<(), integration_oauth::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReturnTo {
    origins: Vec<Origin>,
}

impl ReturnTo {
    /// Allows paths of our own site alone.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows addresses of this origin as well, such as `https://app.example.com`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is no origin, or neither https nor on the loopback.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self> {
        let url = Url::parse(origin).ok().filter(is_trusted_scheme);
        let url = url.filter(|url| url.path() == "/" && url.query().is_none());
        let Some(url) = url.filter(|url| url.fragment().is_none() && !has_user(url)) else {
            return Err(
                Error::new(ErrorKind::Config, "oauth.return_to").with_message(
                    "an origin is https:// and a host, without a path: https://app.example.com",
                ),
            );
        };
        self.origins.push(url.origin());
        Ok(self)
    }

    /// Returns the address as it may stand in a redirect.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Validation`] when it leads anywhere else. The address is not shown.
    pub fn check(&self, address: &str) -> Result<String> {
        let refused = || {
            Error::new(ErrorKind::Validation, "oauth.return_to")
                .with_message("`return_to` must be a path of this site or of an allowed origin")
        };
        if !is_plain(address) {
            return Err(refused());
        }
        let checked = match address.starts_with('/') {
            true => own_path(address),
            false => self.absolute(address),
        };
        checked.ok_or_else(refused)
    }

    fn absolute(&self, address: &str) -> Option<String> {
        // Browsers read `https:host` and `https:/host` as `https://host`; nobody means that.
        let (scheme, rest) = address.split_once("://")?;
        let is_known = matches!(scheme, "https" | "http");
        if !is_known || rest.starts_with('/') {
            return None;
        }
        let url = Url::parse(address).ok().filter(|url| !has_user(url))?;
        let is_allowed = is_trusted_scheme(&url) && self.origins.contains(&url.origin());
        is_allowed.then(|| url.to_string())
    }
}

/// Control characters, spaces and backslashes are read in different ways by different browsers.
fn is_plain(address: &str) -> bool {
    let is_bad = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    !address.is_empty() && address.len() <= MAX_RETURN_TO && !address.contains(is_bad)
}

/// A path of our own site, written so that no browser reads it as the address of another one.
fn own_path(address: &str) -> Option<String> {
    let base = Url::parse(BASE).ok()?;
    let url = base.join(address).ok()?;
    let path = &url[Position::BeforePath..];
    let stays = url.origin() == base.origin() && !has_user(&url) && url.port().is_none();
    (stays && !path.starts_with("//")).then(|| path.to_owned())
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn is_trusted_scheme(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}
