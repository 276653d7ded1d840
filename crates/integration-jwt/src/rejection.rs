//! Why a token is not accepted.

use std::fmt;

use integration_core::{Error, ErrorKind};

/// The rule that a token breaks. Holds nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// Longer than [`MAX_TOKEN`](crate::limits::MAX_TOKEN).
    TooLong,
    /// Not `header.payload.signature`: encrypted tokens and JSON serialisations are not read.
    NotThreeParts,
    /// A part is not base64url in its one canonical spelling.
    NotBase64,
    /// Header or payload is not a JSON object, or nested deeper than
    /// [`MAX_DEPTH`](crate::limits::MAX_DEPTH).
    NotJson,
    /// A name stands twice in one object.
    DuplicateName,
    /// A member of the header has a value it may not have.
    BadHeader(&'static str),
    /// The header marks an extension as critical, and none is understood.
    Critical,
    /// The header is of another kind of token.
    WrongType,
    /// `alg` is `none`, unknown, not allowed by the validator, or not that of the key.
    AlgorithmNotAllowed,
    /// No key has the id, or none of the keys without an id can have signed.
    UnknownKey,
    /// Several keys could have signed.
    AmbiguousKey,
    /// The signature is not of this key over these bytes.
    BadSignature,
    /// A claim that this profile requires is absent.
    MissingClaim(&'static str),
    /// A claim has a type or a value that it may never have.
    BadClaim(&'static str),
    /// `iss` is another issuer.
    WrongIssuer,
    /// `aud` names none of ours.
    WrongAudience,
    /// `azp` is another client, or absent where there are several audiences.
    WrongParty,
    /// `exp` has passed, leeway included.
    Expired,
    /// `nbf` is in the future, leeway included.
    NotYetValid,
    /// `iat` is in the future, leeway included.
    IssuedInFuture,
    /// The user logged in longer ago than `max_age` permits.
    LoginTooOld,
    /// A claim is not bound to what the caller sent or received: `nonce`, `at_hash`, `c_hash`.
    NotBound(&'static str),
    /// A claim is there that this profile forbids.
    Forbidden(&'static str),
    /// The claims do not fit the type that the caller reads them into.
    WrongShape,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "token is longer than 16 KiB"),
            Self::NotThreeParts => write!(f, "token has not the three parts of a signed JWT"),
            Self::NotBase64 => write!(f, "token is not canonical base64url"),
            Self::NotJson => write!(f, "token holds no JSON object where one must be"),
            Self::DuplicateName => write!(f, "token holds a name twice in one object"),
            Self::BadHeader(name) => {
                write!(f, "header `{name}` is missing or has no permitted value")
            }
            Self::Critical => write!(
                f,
                "header marks an extension as critical that is not understood"
            ),
            Self::WrongType => write!(f, "header `typ` is that of another kind of token"),
            Self::AlgorithmNotAllowed => write!(f, "algorithm is not permitted"),
            Self::UnknownKey => write!(f, "no key of the issuer has this key id"),
            Self::AmbiguousKey => write!(
                f,
                "several keys of the issuer match: the token must name one"
            ),
            Self::BadSignature => write!(f, "signature does not match"),
            Self::MissingClaim(name) => write!(f, "claim `{name}` is missing"),
            Self::BadClaim(name) => write!(f, "claim `{name}` has no permitted value"),
            Self::WrongIssuer => write!(f, "issuer is another"),
            Self::WrongAudience => write!(f, "token is for another audience"),
            Self::WrongParty => write!(f, "token was issued to another party"),
            Self::Expired => write!(f, "token has expired"),
            Self::NotYetValid => write!(f, "token is not valid yet"),
            Self::IssuedInFuture => write!(f, "token was issued in the future"),
            Self::LoginTooOld => write!(f, "login is too long ago"),
            Self::NotBound(name) => write!(f, "claim `{name}` does not match"),
            Self::Forbidden(name) => write!(f, "claim `{name}` is forbidden in this kind of token"),
            Self::WrongShape => write!(f, "claims do not have the shape that is asked for"),
        }
    }
}

impl std::error::Error for Rejection {}

/// Why a check did not end in claims: the token is bad, or there are no keys to judge it with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// The token is not accepted: answer 401.
    Token(Rejection),
    /// The keys of the issuer cannot be had: answer 503, the token may be good.
    Keys(Error),
}

impl Refusal {
    /// Returns the rule that the token breaks; `None` where the keys are missing.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        match self {
            Self::Token(rejection) => Some(*rejection),
            Self::Keys(_) => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(rejection) => rejection.fmt(f),
            Self::Keys(_) => f.write_str("keys of the issuer are not available"),
        }
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // It says the same.
            Self::Token(_) => None,
            Self::Keys(error) => Some(error),
        }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Token(rejection)
    }
}

impl From<Refusal> for Error {
    /// Gives [`ErrorKind::Unauthenticated`], or the error of the fetch.
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Token(rejection) => Self::new(ErrorKind::Unauthenticated, "jwt.check")
                .with_message(rejection.to_string()),
            Refusal::Keys(error) => error,
        }
    }
}
