//! Whether an answer blames the token.

use http::{HeaderMap, StatusCode, header::WWW_AUTHENTICATE};

use crate::preset::ChallengeRule;

/// Tells whether an answer says that the token it refused has expired or was revoked.
///
/// ```
/// use http::{HeaderMap, HeaderValue, StatusCode};
/// use integration_oauth::{bearer::blames_token, preset::ChallengeRule};
///
/// let mut headers = HeaderMap::new();
/// let value = HeaderValue::from_static(r#"Bearer realm="x", error="insufficient_scope""#);
/// headers.insert("www-authenticate", value);
/// let status = StatusCode::UNAUTHORIZED;
/// assert!(!blames_token(ChallengeRule::InvalidToken, status, &headers));
/// ```
///
/// [RFC 6750, 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)
#[must_use]
pub fn blames_token(rule: ChallengeRule, status: StatusCode, headers: &HeaderMap) -> bool {
    if status != StatusCode::UNAUTHORIZED {
        return false;
    }
    if rule == ChallengeRule::Any {
        return true;
    }
    let challenges = headers.get_all(WWW_AUTHENTICATE).iter();
    let mut errors = challenges
        .filter_map(|value| value.to_str().ok())
        .filter_map(error_of)
        .peekable();
    errors.peek().is_none() || errors.any(|error| error.eq_ignore_ascii_case("invalid_token"))
}

/// Reads the value of `error` of a challenge, quoted or not.
fn error_of(challenge: &str) -> Option<&str> {
    challenge.split([',', ' ']).find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        let is_error = name.trim().eq_ignore_ascii_case("error");
        is_error.then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn blames(rule: ChallengeRule, status: u16, challenges: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for challenge in challenges {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(challenge).unwrap());
        }
        blames_token(rule, StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn only_an_answer_that_blames_the_token_has_it_replaced() {
        let invalid = ChallengeRule::InvalidToken;
        let rows: [(ChallengeRule, u16, &[&str], bool); 10] = [
            (
                invalid,
                401,
                &[r#"Bearer realm="a", error="invalid_token""#],
                true,
            ),
            (invalid, 401, &["Bearer error=invalid_token"], true),
            (
                invalid,
                401,
                &[r#"Bearer error_description="error", error="invalid_token""#],
                true,
            ),
            (
                invalid,
                401,
                &["Basic", r#"DPoP error="INVALID_TOKEN""#],
                true,
            ),
            (invalid, 401, &[], true),
            (invalid, 401, &["Bearer realm=\"a\""], true),
            (
                invalid,
                401,
                &[r#"Bearer error="insufficient_scope""#],
                false,
            ),
            (invalid, 403, &[r#"Bearer error="invalid_token""#], false),
            (
                ChallengeRule::Any,
                401,
                &[r#"Bearer error="insufficient_scope""#],
                true,
            ),
            (ChallengeRule::Any, 403, &[], false),
        ];
        for (rule, status, challenges, expected) in rows {
            assert_eq!(
                blames(rule, status, challenges),
                expected,
                "{status} {challenges:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_challenge_is_too_strange(challenge in "[ -~]{0,80}") {
            let _ = blames(ChallengeRule::InvalidToken, 401, &[&challenge]);
        }
    }
}
