//! What a token may do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A set of scopes. Their order has no meaning, and none stands twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>")]
pub struct Scopes(
    /// In order, for a set of a few.
    Vec<String>,
);

impl Scopes {
    /// Reads scopes that are separated by spaces, commas or both, as providers write them.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.split([' ', ','])
            .filter(|scope| !scope.is_empty())
            .collect()
    }

    fn insert(&mut self, scope: String) {
        if let Err(place) = self.0.binary_search(&scope) {
            self.0.insert(place, scope);
        }
    }

    /// Tells whether this is one of them.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|one| one == scope)
    }

    /// Returns those that `wanted` holds and these do not.
    #[must_use]
    pub fn missing_of(&self, wanted: &Self) -> Self {
        let mut missing = wanted.clone();
        missing.0.retain(|scope| !self.contains(scope));
        missing
    }

    /// Returns these and those of `other`.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.extend(other.iter());
        all
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
        self.0.join(separator)
    }
}

impl<S: Into<String>> Extend<S> for Scopes {
    fn extend<I: IntoIterator<Item = S>>(&mut self, scopes: I) {
        for scope in scopes {
            self.insert(scope.into());
        }
    }
}

impl<S: Into<String>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        let mut all = Self::default();
        all.extend(scopes);
        all
    }
}

impl From<Vec<String>> for Scopes {
    fn from(scopes: Vec<String>) -> Self {
        scopes.into_iter().collect()
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
