//! What an authorization server says is wrong, and what follows from it.

use integration_core::{Error, ErrorKind};

/// The error of an authorization server, reached with [`Error::provider`].
///
/// ```
/// use integration_oauth::{Error, OAuthError, Trouble};
///
/// fn must_log_in_again(error: &Error) -> bool {
///     let error = error.provider::<OAuthError>();
///     error.is_some_and(|error| error.trouble == Trouble::Terminal)
/// }
/// # let _ = must_log_in_again;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthError {
    /// The word of the provider, such as `invalid_grant`.
    pub code: String,
    /// Its text for developers, at most 512 bytes.
    pub description: Option<String>,
    /// A page about it.
    pub uri: Option<String>,
    /// What follows from it.
    pub trouble: Trouble,
}

/// What follows from a failed exchange of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The grant is gone for good: only a new login helps.
    Terminal,
    /// Our client is set up wrong. Tokens are kept: they work again once it is right.
    Config,
    /// It may work later. Tokens are kept, and used until they expire.
    Transient,
}

impl OAuthError {
    /// Creates the error of this word, with what follows from it by the standards.
    ///
    /// [RFC 6749, 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)
    #[must_use]
    pub fn new(code: impl Into<String>) -> Self {
        let code = code.into();
        let trouble = Trouble::of_code(&code);
        Self {
            code,
            description: None,
            uri: None,
            trouble,
        }
    }
}

impl Trouble {
    /// Judges an error of an exchange: by what the provider said, else by its kind.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        if let Some(said) = error.provider::<OAuthError>() {
            return said.trouble;
        }
        match error.kind() {
            ErrorKind::Config | ErrorKind::Serialize => Self::Config,
            _ => Self::Transient,
        }
    }

    /// An unknown word is transient: a token must not be thrown away for a word nobody knows.
    fn of_code(code: &str) -> Self {
        match code {
            // The second is Slack's word, the third GitHub's.
            "invalid_grant" | "invalid_refresh_token" | "bad_refresh_token" => Self::Terminal,
            "invalid_client"
            | "unauthorized_client"
            | "unsupported_grant_type"
            | "invalid_scope"
            | "invalid_request"
            | "invalid_target"
            | "invalid_dpop_proof" => Self::Config,
            _ => Self::Transient,
        }
    }
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.code)?;
        match &self.description {
            Some(description) => write!(f, ": {description}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_grant_that_is_gone_is_terminal() {
        assert_eq!(OAuthError::new("invalid_grant").trouble, Trouble::Terminal);
        assert_eq!(OAuthError::new("invalid_client").trouble, Trouble::Config);
        assert_eq!(OAuthError::new("what").trouble, Trouble::Transient);
        let outage = Error::new(ErrorKind::Unavailable, "oauth.refresh");
        assert_eq!(Trouble::of(&outage), Trouble::Transient);
    }
}
