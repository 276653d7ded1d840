//! What a provider sends back through the browser.

use std::{collections::BTreeMap, fmt};

use integration_core::{Result, SecretString};
use zeroize::Zeroizing;

use super::{cookie::BrowserCookie, refusal::LoginRefusal};
use crate::{
    error::OAuthError,
    limits::{MAX_CALLBACK, MAX_CALLBACK_FIELD, MAX_CALLBACK_FIELDS, MAX_DESCRIPTION},
};

/// What a provider sent back through the browser, and what the browser sent along.
///
/// Nothing in it is believed before [`OAuth::finish`](crate::OAuth::finish) has checked it. Debug
/// shows the names of its fields alone.
#[derive(Clone)]
pub struct Callback {
    /// Each once.
    fields: Vec<(String, Zeroizing<String>)>,
    provider: Option<String>,
    browser: BTreeMap<String, SecretString>,
}

impl Callback {
    /// Reads the query of the address that the browser was sent to, with or without its `?`.
    ///
    /// # Errors
    ///
    /// [`LoginRefusal::Malformed`] for a field that stands twice or holds control characters, and
    /// for more than [`MAX_CALLBACK`] bytes, [`MAX_CALLBACK_FIELDS`] fields or
    /// [`MAX_CALLBACK_FIELD`] bytes in one.
    pub fn query(query: &str) -> Result<Self> {
        Self::read(query.strip_prefix('?').unwrap_or(query).as_bytes())
    }

    /// Reads the form of a provider that answers with `response_mode=form_post`, as Apple does.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub fn form(body: &[u8]) -> Result<Self> {
        Self::read(body)
    }

    fn read(encoded: &[u8]) -> Result<Self> {
        if encoded.len() > MAX_CALLBACK {
            return Err(malformed("the callback is too long"));
        }
        let mut fields: Vec<(String, _)> = Vec::new();
        for (name, value) in form_urlencoded::parse(encoded) {
            if fields.len() == MAX_CALLBACK_FIELDS {
                return Err(malformed("the callback has too many fields"));
            }
            let value = Zeroizing::new(value.into_owned());
            check_field(&name, &value)?;
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(malformed("a field of the callback stands twice"));
            }
            fields.push((name.into_owned(), value));
        }
        Ok(Self {
            fields,
            provider: None,
            browser: BTreeMap::new(),
        })
    }

    /// Says at the address of which provider it came in. One of another provider is refused.
    #[must_use]
    pub fn at(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Adds a `Cookie` header of the request: those of logins are found in it.
    ///
    /// A login that gave a cookie to the browser can only be finished with it.
    #[must_use]
    pub fn cookies(mut self, header: &str) -> Self {
        for (name, value) in BrowserCookie::find(header) {
            self.browser.insert(name.to_owned(), value.into());
        }
        self
    }

    pub(crate) fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    pub(crate) fn browser(&self, cookie: &str) -> Option<&SecretString> {
        self.browser.get(cookie)
    }

    /// A field that is there and not empty.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(other, _)| other == name)?;
        (!value.is_empty()).then_some(value.as_str())
    }

    /// What the provider says is wrong. Its texts come from whoever made the address: they are
    /// bounded and plain, and no page shows them.
    pub(crate) fn refused(&self) -> Option<OAuthError> {
        let code = self.field("error")?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let mut error = match code.len() <= 64 && code.chars().all(is_word) {
            true => OAuthError::new(code),
            false => OAuthError::new("unreadable_error"),
        };
        error.description = self.field("error_description").map(bounded);
        Some(error)
    }
}

fn check_field(name: &str, value: &str) -> Result<()> {
    if name.len() > MAX_CALLBACK_FIELD || value.len() > MAX_CALLBACK_FIELD {
        return Err(malformed("a field of the callback is too long"));
    }
    // Texts for people may have lines, all else is a name or a token.
    let is_text = name == "error_description";
    if name.contains(char::is_control) || (!is_text && value.contains(char::is_control)) {
        return Err(malformed("a field of the callback has control characters"));
    }
    Ok(())
}

fn bounded(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut kept = String::new();
    for c in plain {
        if kept.len() + c.len_utf8() > MAX_DESCRIPTION {
            break;
        }
        kept.push(c);
    }
    kept
}

fn malformed(why: &'static str) -> integration_core::Error {
    LoginRefusal::Malformed(why).into()
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("Callback")
            .field("fields", &names)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}
