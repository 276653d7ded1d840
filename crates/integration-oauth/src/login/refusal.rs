//! Why a callback did not become a login.

use integration_core::{Error, ErrorKind, Retriability};

/// Why a callback did not become a login, reached with [`Error::provider`].
///
/// Where the provider itself says no, the error holds an [`OAuthError`](crate::OAuthError) instead.
/// In every case the login has to be begun again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginRefusal {
    /// The callback breaks a rule of its form: a field twice, too long, or with control characters.
    Malformed(&'static str),
    /// It has no `state`, or one that cannot be ours.
    NoState,
    /// No login with this `state` is under way: it never was, is over, or took too long.
    UnknownState,
    /// It came from a browser that did not begin this login.
    OtherBrowser,
    /// It came to the address of another provider.
    OtherProvider,
    /// Its `iss` is another issuer than the one that the login was begun with.
    OtherIssuer,
    /// It has no `iss`, which this issuer promises to send.
    NoIssuer,
    /// It has neither a code nor an error.
    NoCode,
    /// The ID token is missing, forged, or belongs to another login.
    BadIdToken,
    /// The provider does not say which account logged in.
    NoAccount,
}

impl LoginRefusal {
    const fn message(self) -> &'static str {
        match self {
            Self::Malformed(why) => why,
            Self::NoState => "the callback has no state of ours",
            Self::UnknownState => "no such login is under way: unknown, used or expired",
            Self::OtherBrowser => "the login was begun in another browser",
            Self::OtherProvider => "the callback came to the address of another provider",
            Self::OtherIssuer => "the callback is of another issuer than the login",
            Self::NoIssuer => "the callback has no issuer, which this provider promises",
            Self::NoCode => "the callback has neither a code nor an error",
            Self::BadIdToken => "the ID token is not of this login",
            Self::NoAccount => {
                "the provider does not say which account logged in: name one with `account`"
            }
        }
    }

    const fn kind(self) -> ErrorKind {
        match self {
            Self::Malformed(_) | Self::NoState | Self::NoCode => ErrorKind::Validation,
            Self::UnknownState => ErrorKind::NotFound,
            Self::BadIdToken | Self::NoAccount => ErrorKind::Decode,
            _ => ErrorKind::PermissionDenied,
        }
    }
}

impl From<LoginRefusal> for Error {
    fn from(refusal: LoginRefusal) -> Self {
        Self::new(refusal.kind(), "oauth.finish")
            .with_message(refusal.message())
            .with_retriability(Retriability::Never)
            .with_provider(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_found_in_its_error_and_never_repeated() {
        let error = Error::from(LoginRefusal::OtherBrowser);
        assert_eq!(error.provider(), Some(&LoginRefusal::OtherBrowser));
        assert_eq!(error.retriability(), Retriability::Never);
        assert_eq!(
            error.to_string(),
            "oauth.finish: the login was begun in another browser"
        );
    }
}
