//! The next tokens, and what they take over from those before.

use crate::tokens::TokenSet;

/// Completes an answer by what it left out: it means that nothing has changed.
pub(super) fn continued(mut next: TokenSet, before: &TokenSet) -> TokenSet {
    if next.refresh_token.is_none() {
        next.refresh_token.clone_from(&before.refresh_token);
        next.refresh_expires_at = next.refresh_expires_at.or(before.refresh_expires_at);
    }
    if next.scopes.is_none() {
        next.scopes.clone_from(&before.scopes);
    }
    if next.id_token.is_none() {
        next.id_token.clone_from(&before.id_token);
    }
    if next.dpop_key.is_none() {
        next.dpop_key.clone_from(&before.dpop_key);
    }
    for (field, value) in &before.extra {
        if !next.extra.contains_key(field) {
            next.extra.insert(field.clone(), value.clone());
        }
    }
    for (name, set) in &before.also {
        let merged = match next.also.remove(name) {
            Some(answered) => continued(answered, set),
            None => set.clone(),
        };
        next.also.insert(name.clone(), merged);
    }
    next
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use integration_core::ExposeSecret;

    use super::*;
    use crate::scopes::Scopes;

    #[test]
    fn what_an_answer_leaves_out_has_not_changed() {
        let mut before = TokenSet::new("a1")
            .with_refresh_token("r1")
            .with_scopes(Scopes::from(["x"]));
        before.refresh_expires_at = Some(Duration::from_secs(9));
        before
            .extra
            .insert("instance_url".into(), "https://a".into());
        before
            .also
            .insert("user".into(), TokenSet::new("u1").with_refresh_token("ur1"));
        let mut answer = TokenSet::new("a2");
        answer.also.insert("user".into(), TokenSet::new("u2"));
        let next = continued(answer, &before);
        let secret = |token: &Option<integration_core::SecretString>| {
            token.as_ref().map(|token| token.expose_secret().to_owned())
        };
        assert_eq!(next.access_token.expose_secret(), "a2");
        assert_eq!(secret(&next.refresh_token).as_deref(), Some("r1"));
        assert_eq!(next.refresh_expires_at, before.refresh_expires_at);
        assert_eq!(next.scopes, before.scopes);
        assert_eq!(next.extra["instance_url"], "https://a");
        assert_eq!(next.also["user"].access_token.expose_secret(), "u2");
        assert_eq!(
            secret(&next.also["user"].refresh_token).as_deref(),
            Some("ur1")
        );
    }

    #[test]
    fn a_new_refresh_token_does_not_end_with_the_old_one() {
        let mut before = TokenSet::new("a1").with_refresh_token("r1");
        before.refresh_expires_at = Some(Duration::from_secs(9));
        let next = continued(TokenSet::new("a2").with_refresh_token("r2"), &before);
        assert_eq!(next.refresh_expires_at, None);
    }
}
