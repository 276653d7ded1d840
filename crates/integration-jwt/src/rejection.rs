//! Why a token is not accepted.

use integration_core::{Error, ErrorKind};
use thiserror::Error as ThisError;

/// The rule that a token breaks. Holds nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum Rejection {
    /// Longer than [`MAX_TOKEN`](crate::limits::MAX_TOKEN).
    #[error("token is longer than 16 KiB")]
    TooLong,
    /// Not `header.payload.signature`: encrypted tokens and JSON serialisations are not read.
    #[error("token has not the three parts of a signed JWT")]
    NotThreeParts,
    /// A part is not base64url in its one canonical spelling.
    #[error("token is not canonical base64url")]
    NotBase64,
    /// Header or payload is not a JSON object, or nested deeper than
    /// [`MAX_DEPTH`](crate::limits::MAX_DEPTH).
    #[error("token holds no JSON object where one must be")]
    NotJson,
    /// A name stands twice in one object.
    #[error("token holds a name twice in one object")]
    DuplicateName,
    /// A member of the header has a value it may not have.
    #[error("header `{0}` is missing or has no permitted value")]
    BadHeader(&'static str),
    /// The header marks an extension as critical, and none is understood.
    #[error("header marks an extension as critical that is not understood")]
    Critical,
    /// The header is of another kind of token.
    #[error("header `typ` is that of another kind of token")]
    WrongType,
    /// `alg` is `none`, unknown, not allowed by the validator, or not that of the key.
    #[error("algorithm is not permitted")]
    AlgorithmNotAllowed,
    /// No key has the id, or none of the keys without an id can have signed.
    #[error("no key of the issuer has this key id")]
    UnknownKey,
    /// Several keys could have signed.
    #[error("several keys of the issuer match: the token must name one")]
    AmbiguousKey,
    /// The signature is not of this key over these bytes.
    #[error("signature does not match")]
    BadSignature,
    /// A claim that this profile requires is absent.
    #[error("claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// A claim has a type or a value that it may never have.
    #[error("claim `{0}` has no permitted value")]
    BadClaim(&'static str),
    /// `iss` is another issuer.
    #[error("issuer is another")]
    WrongIssuer,
    /// `aud` names none of ours.
    #[error("token is for another audience")]
    WrongAudience,
    /// `azp` is another client, or absent where there are several audiences.
    #[error("token was issued to another party")]
    WrongParty,
    /// `exp` has passed, leeway included.
    #[error("token has expired")]
    Expired,
    /// `nbf` is in the future, leeway included.
    #[error("token is not valid yet")]
    NotYetValid,
    /// `iat` is in the future, leeway included.
    #[error("token was issued in the future")]
    IssuedInFuture,
    /// The user logged in longer ago than `max_age` permits.
    #[error("login is too long ago")]
    LoginTooOld,
    /// A claim is not bound to what the caller sent or received: `nonce`, `at_hash`, `c_hash`.
    #[error("claim `{0}` does not match")]
    NotBound(&'static str),
    /// A claim is there that this profile forbids.
    #[error("claim `{0}` is forbidden in this kind of token")]
    Forbidden(&'static str),
    /// The claims do not fit the type that the caller reads them into.
    #[error("claims do not have the shape that is asked for")]
    WrongShape,
}

/// Why a check did not end in claims: the token is bad, or there are no keys to judge it with.
#[derive(Clone, Debug, ThisError)]
#[non_exhaustive]
pub enum Refusal {
    /// The token is not accepted: answer 401.
    #[error(transparent)]
    Token(#[from] Rejection),
    /// The keys of the issuer cannot be had: answer 503, the token may be good.
    #[error("keys of the issuer are not available")]
    Keys(#[source] Error),
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
