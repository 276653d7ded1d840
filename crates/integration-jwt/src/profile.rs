//! The kinds of tokens, and the rules that each has beside those of all.
//!
//! A profile is what keeps a token of one kind from being taken for another: an ID token proves who
//! logged in to a client and is no key to an API.

use crate::{claims::Raw, header::Header, rejection::Rejection, strict_json::Node};

/// The event that makes a token a logout token.
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

#[derive(Clone, Debug)]
pub(crate) enum Profile {
    /// A JWT of no special kind.
    Plain,
    /// RFC 9068.
    AccessToken,
    /// OpenID Connect Core.
    IdToken,
    /// OpenID Connect Back-Channel Logout.
    LogoutToken,
    /// A session of Supabase Auth.
    Supabase,
    /// A push of Google Pub/Sub by this service account.
    PubSub { service_account: String },
    /// A session of Clerk, issued to one of these origins.
    Clerk { parties: Vec<String> },
}

impl Profile {
    pub(crate) fn check_type(&self, header: &Header) -> Result<(), Rejection> {
        let is_plain = header.typ.is_none() || header.is_type("JWT");
        let fits = match self {
            Self::AccessToken => header.is_type("at+jwt"),
            Self::LogoutToken => is_plain || header.is_type("logout+jwt"),
            _ => is_plain,
        };
        match fits {
            true => Ok(()),
            false => Err(Rejection::WrongType),
        }
    }

    fn required(&self) -> &'static [&'static str] {
        match self {
            Self::Plain => &[],
            Self::AccessToken => &["sub", "client_id", "iat", "jti"],
            Self::IdToken => &["sub", "iat"],
            Self::LogoutToken => &["iat", "jti", "events"],
            Self::Supabase => &["sub", "role", "iat"],
            Self::PubSub { .. } => &["sub", "iat", "email", "email_verified"],
            Self::Clerk { .. } => &["sub", "sid", "iat", "nbf"],
        }
    }

    /// Whether tokens name an audience; those of Clerk name a party instead.
    pub(crate) fn has_audience(&self) -> bool {
        !matches!(self, Self::Clerk { .. })
    }

    /// Checks what only this kind demands; `audience` is what the validator accepts.
    pub(crate) fn check(&self, raw: &Raw<'_>, audience: &[String]) -> Result<(), Rejection> {
        if let Some(missing) = self.required().iter().find(|name| !raw.has(name)) {
            return Err(Rejection::MissingClaim(missing));
        }
        match self {
            Self::Plain | Self::AccessToken => Ok(()),
            Self::Supabase => raw.text("role").map(drop),
            Self::IdToken => check_party(raw, audience),
            Self::LogoutToken => check_logout(raw),
            Self::PubSub { service_account } => check_push(raw, service_account),
            Self::Clerk { parties } => check_session(raw, parties),
        }
    }
}

/// `azp` is us; where others may use the token too, it must say so.
fn check_party(raw: &Raw<'_>, clients: &[String]) -> Result<(), Rejection> {
    let ours = |party: &str| clients.iter().any(|client| client == party);
    match raw.text("azp")? {
        Some(party) if ours(party) => Ok(()),
        None if raw.audience.len() == 1 => Ok(()),
        _ => Err(Rejection::WrongParty),
    }
}

fn check_logout(raw: &Raw<'_>) -> Result<(), Rejection> {
    let event = match raw.all.get("events") {
        Some(Node::Object(events)) => events.get(LOGOUT),
        _ => None,
    };
    if !matches!(event, Some(Node::Object(_))) {
        return Err(Rejection::BadClaim("events"));
    }
    if raw.has("nonce") {
        return Err(Rejection::Forbidden("nonce"));
    }
    match (raw.text("sub")?, raw.text("sid")?) {
        (None, None) => Err(Rejection::MissingClaim("sid")),
        _ => Ok(()),
    }
}

fn check_push(raw: &Raw<'_>, service_account: &str) -> Result<(), Rejection> {
    if raw.all.get("email_verified") != Some(&Node::Bool(true)) {
        return Err(Rejection::BadClaim("email_verified"));
    }
    match raw.text("email")? == Some(service_account) {
        true => Ok(()),
        false => Err(Rejection::WrongParty),
    }
}

fn check_session(raw: &Raw<'_>, parties: &[String]) -> Result<(), Rejection> {
    raw.text("sid")?;
    // A session that has tasks left, such as a second factor, is not one yet.
    if raw.text("sts")?.is_some_and(|status| status != "active") {
        return Err(Rejection::BadClaim("sts"));
    }
    let party = raw.text("azp")?;
    match party.is_some_and(|party| parties.iter().any(|ours| ours == party)) {
        true => Ok(()),
        false => Err(Rejection::WrongParty),
    }
}
