//! What a preset must be before anything is sent.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue};
use integration_core::{Error, ErrorKind, Result};
use url::{Host, ParseError, Url};

use super::{Preset, Trade};
use crate::{authorize::DECIDED, limits::MAX_NAME};

impl Preset {
    /// Checks that the preset can be used: a name, somewhere to go, addresses with https (or http
    /// on the loopback) and no place in them that no parameter fills.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], which names the field.
    pub fn validate(&self) -> Result<()> {
        if self.name.is_empty() {
            return Err(wrong("name of the preset is missing".to_owned()));
        }
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.len() > MAX_NAME || !self.name.chars().all(fits) {
            let text = "name of a preset must be lower-case letters, digits and - alone";
            return Err(wrong(text.to_owned()));
        }
        let fail =
            |field: &str, why: &str| Err(wrong(format!("{field} of preset {} {why}", self.name)));
        let samples = self.samples();
        for (field, text) in self.addresses() {
            // The places of the template are claims.
            let text = match field {
                "issuer_template" => text.replace(['{', '}'], ""),
                _ => filled(text, &samples),
            };
            if let Some(place) = place_in(&text) {
                return fail(field, &format!("holds {{{place}}}, which is not in params"));
            }
            if let Err(why) = address(&text) {
                return fail(field, &why);
            }
        }
        if self.issuer.is_none() && self.token.is_none() {
            return fail(
                "token",
                "is missing, and there is no issuer to discover it from",
            );
        }
        let account = self.account.iter().map(|pointer| ("account", pointer));
        let also = self.also.values().map(|pointer| ("also", pointer));
        let nested = self.nested.iter().map(|pointer| ("nested", pointer));
        let mut pointers = account.chain(also).chain(nested);
        if let Some((field, pointer)) = pointers.find(|(_, pointer)| !pointer.starts_with('/')) {
            let why = format!("holds {pointer}, which is no JSON pointer: write /{pointer}");
            return fail(field, &why);
        }
        self.validate_requests()?;
        for (field, trade) in self.trades() {
            if trade.grant_type.is_empty() || trade.token_field.is_empty() {
                return fail(field, "needs a grant_type and a token_field");
            }
        }
        self.validate_params()
    }

    /// Checks what is added to requests.
    fn validate_requests(&self) -> Result<()> {
        let fail =
            |field: &str, why: &str| Err(wrong(format!("{field} of preset {} {why}", self.name)));
        let mut decided = self.authorize_params.keys();
        if let Some(name) = decided.find(|name| DECIDED.contains(&name.as_str())) {
            return fail(
                &format!("authorize_params.{name}"),
                "is decided by each login",
            );
        }
        for (name, value) in &self.headers {
            let is_fit = HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok();
            if !is_fit {
                return fail(&format!("headers.{name}"), "is no header");
            }
        }
        let mut hosts = self.hosts.iter();
        match hosts.find(|host| host.contains(['/', ':']) || host.is_empty()) {
            Some(host) => fail(
                "hosts",
                &format!("holds {host}, which is no host: leave out all but its name"),
            ),
            None => Ok(()),
        }
    }

    fn validate_params(&self) -> Result<()> {
        // Apple's team stands in the signed secret.
        for name in self.params.keys().filter(|name| *name != "team_id") {
            let place = format!("{{{name}}}");
            if !self.addresses().any(|(_, text)| text.contains(&place)) {
                return Err(wrong(format!(
                    "params.{name} of preset {} stands nowhere: use it as {place} or remove it",
                    self.name
                )));
            }
        }
        Ok(())
    }

    /// All addresses with the names of their fields.
    fn addresses(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("issuer", &self.issuer),
            ("issuer_template", &self.issuer_template),
            ("authorize", &self.authorize),
            ("token", &self.token),
            ("refresh", &self.refresh),
            ("device", &self.device),
            ("par", &self.par),
            ("revoke", &self.revoke),
            ("introspect", &self.introspect),
            ("userinfo", &self.userinfo),
            ("end_session", &self.end_session),
            ("jwks", &self.jwks),
        ]
        .into_iter()
        .chain(self.trades().map(|(field, trade)| (field, &trade.address)))
        .filter_map(|(field, address)| Some((field, address.as_deref()?)))
    }

    fn trades(&self) -> impl Iterator<Item = (&'static str, &Trade)> {
        [("trade", &self.trade), ("renew", &self.renew)]
            .into_iter()
            .filter_map(|(field, trade)| Some((field, trade.as_ref()?)))
    }

    /// A value for each parameter.
    fn samples(&self) -> Vec<(String, String)> {
        let samples = self.params.iter().map(|(name, param)| {
            let suffix = param.suffixes.first().map_or("", String::as_str);
            (name.clone(), format!("sample{suffix}"))
        });
        samples.collect()
    }
}

/// Puts values into the places of their names.
pub(crate) fn filled(text: &str, values: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

/// The name in the first place that is left.
fn place_in(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('{')?;
    Some(rest.split('}').next().unwrap_or(rest))
}

/// Why this is no address to send secrets to.
fn address(text: &str) -> std::result::Result<(), String> {
    let url = Url::parse(text).map_err(|error| match error {
        ParseError::RelativeUrlWithoutBase => "is no address: begin it with https://".to_owned(),
        error => format!("is no address: {error}"),
    })?;
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    };
    if !(url.scheme() == "https" || (url.scheme() == "http" && is_loopback)) {
        return Err("must be https, or http on the loopback".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user".to_owned());
    }
    if url.fragment().is_some() {
        return Err("must not have a fragment".to_owned());
    }
    Ok(())
}

pub(super) fn wrong(message: String) -> Error {
    Error::new(ErrorKind::Config, "oauth.preset").with_message(message)
}
