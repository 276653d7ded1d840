//! The next tokens, and what they take over from those before.

use super::TokenSet;

impl TokenSet {
    /// Completes an answer by what it left out: that has not changed.
    pub(crate) fn continuing(mut self, before: &Self) -> Self {
        if self.refresh_token.is_none() {
            self.refresh_token.clone_from(&before.refresh_token);
            self.refresh_expires_at = self.refresh_expires_at.or(before.refresh_expires_at);
        }
        if self.scopes.is_none() {
            self.scopes.clone_from(&before.scopes);
        }
        if self.id_token.is_none() {
            self.id_token.clone_from(&before.id_token);
        }
        if self.dpop_key.is_none() {
            self.dpop_key.clone_from(&before.dpop_key);
        }
        for (field, value) in &before.extra {
            if !self.extra.contains_key(field) {
                self.extra.insert(field.clone(), value.clone());
            }
        }
        for (name, set) in &before.also {
            let further = match self.also.remove(name) {
                Some(answered) => answered.continuing(set),
                None => set.clone(),
            };
            self.also.insert(name.clone(), further);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use integration_core::{ExposeSecret, SecretString};

    use super::*;
    use crate::scopes::Scopes;

    fn text(secret: Option<&SecretString>) -> Option<&str> {
        secret.map(ExposeSecret::expose_secret)
    }

    fn before() -> TokenSet {
        let mut before = TokenSet::new("A1")
            .with_refresh_token("R1")
            .with_scopes(Scopes::from(["a"]));
        before.refresh_expires_at = Some(Duration::from_secs(9));
        before.id_token = Some("I1".into());
        before.dpop_key = Some("K1".into());
        before.extra.insert("realm".to_owned(), 1.into());
        let user = TokenSet::new("U1").with_refresh_token("UR1");
        before.also.insert("user".to_owned(), user);
        before
    }

    #[test]
    fn what_an_answer_leaves_out_stays_as_it_was() {
        let before = before();
        let next = TokenSet::new("A2").continuing(&before);
        assert_eq!(next.access_token.expose_secret(), "A2");
        assert_eq!(text(next.refresh_token.as_ref()), Some("R1"));
        assert_eq!(next.refresh_expires_at, before.refresh_expires_at);
        assert_eq!(next.scopes, before.scopes);
        assert_eq!(text(next.id_token.as_ref()), Some("I1"));
        assert_eq!(text(next.dpop_key.as_ref()), Some("K1"));
        assert_eq!(next.extra["realm"], 1);
        assert_eq!(next.also["user"].access_token.expose_secret(), "U1");
    }

    #[test]
    fn what_an_answer_brings_replaces_what_was_there() {
        let mut answer = TokenSet::new("A2")
            .with_refresh_token("R2")
            .with_scopes(Scopes::from(["b"]));
        answer.extra.insert("realm".to_owned(), 2.into());
        let next = answer.continuing(&before());
        assert_eq!(text(next.refresh_token.as_ref()), Some("R2"));
        // A new refresh token does not end with the old one.
        assert_eq!(next.refresh_expires_at, None);
        assert_eq!(next.scopes, Some(Scopes::from(["b"])));
        assert_eq!(next.extra["realm"], 2);
    }

    #[test]
    fn a_further_token_takes_over_from_the_one_of_its_name() {
        let mut answer = TokenSet::new("A2");
        answer.also.insert("user".to_owned(), TokenSet::new("U2"));
        let next = answer.continuing(&before());
        let user = &next.also["user"];
        assert_eq!(user.access_token.expose_secret(), "U2");
        assert_eq!(text(user.refresh_token.as_ref()), Some("UR1"));
    }
}
