//! What a token may do.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

/// A set of scopes. Their order has no meaning, and none stands twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// Reads scopes that are separated by spaces, commas or both, as providers write them.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.split([' ', ','])
            .filter(|scope| !scope.is_empty())
            .collect()
    }

    /// Tells whether this is one of them.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// Returns those that `wanted` holds and these do not.
    #[must_use]
    pub fn missing_of(&self, wanted: &Self) -> Self {
        Self(wanted.0.difference(&self.0).cloned().collect())
    }

    /// Returns these and those of `other`.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// Returns them in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns them as one text.
    #[must_use]
    pub fn joined(&self, separator: &str) -> String {
        self.iter().collect::<Vec<_>>().join(separator)
    }
}

impl<S: Into<String>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        Self(scopes.into_iter().map(Into::into).collect())
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for Scopes {
    fn from(scopes: [S; N]) -> Self {
        scopes.into_iter().collect()
    }
}

impl fmt::Display for Scopes {
    /// Writes them as RFC 6749 does, with spaces between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_commas_and_both_separate() {
        assert_eq!(Scopes::parse("b a,c, a"), Scopes::from(["a", "b", "c"]));
        assert!(Scopes::parse(" ,").is_empty());
    }

    #[test]
    fn what_was_not_granted_is_told() {
        let granted = Scopes::from(["a", "b"]);
        let missing = granted.missing_of(&Scopes::from(["b", "c"]));
        assert_eq!(missing.to_string(), "c");
    }
}
