//! Refresh tokens that follow one another: rotation, reuse, revocation.

use std::collections::HashMap;

use super::request::{Refusal, Result};

/// What was granted, by whom and to whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Grant {
    pub(super) client: String,
    /// `None` where a client acts for itself.
    pub(super) subject: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) audience: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) auth_time: u64,
    /// The session of the browser.
    pub(super) sid: Option<String>,
}

/// Whether a refresh brings a new refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// Each does, and the old one used again revokes all that came of the login.
    #[default]
    Strict,
    /// Each does, and the old one used again is refused without consequences.
    Lenient,
    /// None does: the answer has no refresh token, and the old one stays.
    Off,
}

/// All refresh tokens.
#[derive(Debug, Default)]
pub(super) struct Families {
    all: Vec<Family>,
    /// Each refresh token ever made: its family, and when it was replaced.
    tokens: HashMap<String, Member>,
    /// The one made last.
    last: Option<String>,
}

#[derive(Debug)]
pub(super) struct Family {
    pub(super) grant: Grant,
    pub(super) is_revoked: bool,
    pub(super) generations: u32,
    born_at: u64,
}

#[derive(Debug)]
struct Member {
    family: usize,
    replaced_at: Option<u64>,
}

/// When a refresh token still works.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) rotation: Rotation,
    /// Seconds for which a replaced one still works.
    pub(super) reuse_window: u64,
    /// Seconds after the login at which it dies.
    pub(super) max_age: Option<u64>,
}

impl Families {
    /// Begins a family. `name` makes the token of a family and a generation.
    pub(super) fn begin(
        &mut self,
        grant: Grant,
        now: u64,
        name: impl FnOnce(usize, u32) -> String,
    ) -> (usize, String) {
        let family = self.all.len();
        self.all.push(Family {
            grant,
            is_revoked: false,
            generations: 0,
            born_at: now,
        });
        (family, self.next(family, name))
    }

    fn next(&mut self, family: usize, name: impl FnOnce(usize, u32) -> String) -> String {
        let generation = self.all.get_mut(family).map_or(0, |family| {
            family.generations += 1;
            family.generations
        });
        let token = name(family, generation);
        let member = Member {
            family,
            replaced_at: None,
        };
        self.tokens.insert(token.clone(), member);
        self.last = Some(token.clone());
        token
    }

    /// Spends a refresh token: returns its family, and the token that replaces it.
    pub(super) fn spend(
        &mut self,
        token: &str,
        client: &str,
        now: u64,
        rules: Rules,
        name: impl FnOnce(usize, u32) -> String,
    ) -> Result<(usize, Option<String>)> {
        let unknown = || Refusal::grant("nobody knows this refresh token");
        let member = self.tokens.get_mut(token).ok_or_else(unknown)?;
        let at = member.family;
        let family = self.all.get_mut(at).ok_or_else(unknown)?;
        if family.grant.client != client {
            return Err(Refusal::grant("it belongs to another client"));
        }
        if family.is_revoked {
            return Err(Refusal::grant("it was revoked"));
        }
        if rules.max_age.is_some_and(|age| now >= family.born_at + age) {
            return Err(Refusal::grant("it has expired"));
        }
        if let Some(replaced_at) = member.replaced_at
            && now.saturating_sub(replaced_at) >= rules.reuse_window
        {
            family.is_revoked = rules.rotation == Rotation::Strict;
            return Err(Refusal::grant("it was used before"));
        }
        if rules.rotation == Rotation::Off {
            return Ok((at, None));
        }
        member.replaced_at = member.replaced_at.or(Some(now));
        Ok((at, Some(self.next(at, name))))
    }

    pub(super) fn get(&self, family: usize) -> Option<&Family> {
        self.all.get(family)
    }

    /// The family of a refresh token, if it works yet.
    pub(super) fn of_live(&self, token: &str) -> Option<&Family> {
        let member = self.tokens.get(token)?;
        let family = self.all.get(member.family)?;
        (!family.is_revoked && member.replaced_at.is_none()).then_some(family)
    }

    pub(super) fn of(&self, token: &str) -> Option<usize> {
        self.tokens.get(token).map(|member| member.family)
    }

    pub(super) fn revoke(&mut self, family: usize) {
        if let Some(family) = self.all.get_mut(family) {
            family.is_revoked = true;
        }
    }

    /// Revokes all of a session of a browser.
    pub(super) fn revoke_session(&mut self, sid: &str) {
        for family in &mut self.all {
            family.is_revoked |= family.grant.sid.as_deref() == Some(sid);
        }
    }

    pub(super) fn is_revoked(&self, family: usize) -> bool {
        self.get(family).is_some_and(|family| family.is_revoked)
    }

    pub(super) fn revoked(&self) -> Vec<usize> {
        (0..self.all.len())
            .filter(|at| self.is_revoked(*at))
            .collect()
    }

    pub(super) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STRICT: Rules = Rules {
        rotation: Rotation::Strict,
        reuse_window: 0,
        max_age: None,
    };

    fn name(family: usize, generation: u32) -> String {
        format!("{family}.{generation}")
    }

    fn one() -> Families {
        let mut families = Families::default();
        let grant = Grant {
            client: "app".to_owned(),
            ..Grant::default()
        };
        assert_eq!(families.begin(grant, 100, name).1, "0.1");
        families
    }

    #[test]
    fn a_token_used_twice_revokes_its_family() {
        let mut families = one();
        let (family, next) = families.spend("0.1", "app", 101, STRICT, name).unwrap();
        assert_eq!((family, next.as_deref()), (0, Some("0.2")));
        families.spend("0.1", "app", 102, STRICT, name).unwrap_err();
        assert_eq!(families.revoked(), [0]);
        families.spend("0.2", "app", 103, STRICT, name).unwrap_err();
    }

    #[test]
    fn a_lenient_server_refuses_the_old_token_alone() {
        let mut families = one();
        let rules = Rules {
            rotation: Rotation::Lenient,
            ..STRICT
        };
        families.spend("0.1", "app", 101, rules, name).unwrap();
        families.spend("0.1", "app", 102, rules, name).unwrap_err();
        assert!(families.revoked().is_empty());
        families.spend("0.2", "app", 103, rules, name).unwrap();
    }

    #[test]
    fn the_old_token_works_within_the_window_that_its_first_use_began() {
        let mut families = one();
        let rules = Rules {
            reuse_window: 10,
            ..STRICT
        };
        for now in [101, 105, 110] {
            families.spend("0.1", "app", now, rules, name).unwrap();
        }
        families.spend("0.1", "app", 111, rules, name).unwrap_err();
        assert_eq!(families.revoked(), [0]);
    }

    #[test]
    fn age_and_another_client_are_refused_without_consequences() {
        let mut families = one();
        let rules = Rules {
            max_age: Some(50),
            ..STRICT
        };
        families
            .spend("0.1", "other", 101, rules, name)
            .unwrap_err();
        families.spend("0.1", "app", 150, rules, name).unwrap_err();
        families.spend("0.1", "app", 149, rules, name).unwrap();
        assert!(families.revoked().is_empty());
    }

    #[test]
    fn without_rotation_the_token_stays() {
        let mut families = one();
        let rules = Rules {
            rotation: Rotation::Off,
            ..STRICT
        };
        for now in 101..110 {
            let spent = families.spend("0.1", "app", now, rules, name).unwrap();
            assert_eq!(spent, (0, None));
        }
    }

    proptest! {
        #[test]
        fn of_a_login_one_token_lives_and_none_after_one_was_used_twice(
            spends in prop::collection::vec(0_usize..12, 1..40),
        ) {
            let mut families = one();
            let mut tokens = vec!["0.1".to_owned()];
            let mut is_revoked = false;
            for pick in spends {
                let pick = pick % tokens.len();
                let is_newest = pick + 1 == tokens.len();
                let spent = families.spend(&tokens[pick], "app", 101, STRICT, name);
                prop_assert_eq!(spent.is_ok(), is_newest && !is_revoked);
                is_revoked |= !is_newest;
                if let Ok((_, Some(next))) = spent {
                    prop_assert!(!tokens.contains(&next));
                    tokens.push(next);
                }
                let live = tokens.iter().filter(|token| families.of_live(token).is_some());
                prop_assert_eq!(live.count(), usize::from(!is_revoked));
                prop_assert_eq!(families.is_revoked(0), is_revoked);
            }
        }
    }
}
