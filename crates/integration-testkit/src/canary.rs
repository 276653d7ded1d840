//! Secrets that tell when they leak.

use std::fmt::Debug;

use integration_core::SecretString;

/// A secret that appears nowhere by chance, so that finding it anywhere proves a leak.
///
/// ```
/// let canary = integration_testkit::Canary::new();
/// let client = format!("{:?}", ("client with", canary.secret()));
/// canary.assert_absent(&client);
/// ```
#[derive(Clone)]
pub struct Canary(String);

impl Canary {
    /// Creates a secret of 40 letters and digits, which no encoding of addresses or JSON changes.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "two of them differ, a default should not"
    )]
    pub fn new() -> Self {
        Self(format!(
            "canary{:016x}{:018x}",
            fastrand::u64(..),
            fastrand::u64(..)
        ))
    }

    /// Returns the secret as configurations take it.
    #[must_use]
    pub fn secret(&self) -> SecretString {
        SecretString::from(self.0.clone())
    }

    /// Returns the secret itself, for a header, a body or an address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Checks that the secret is not in `text`.
    ///
    /// # Panics
    ///
    /// When it is; the message shows the text before the secret, for finding the place.
    pub fn assert_absent(&self, text: &str) {
        let before = text.split_once(&self.0).map(|(before, _)| before);
        assert!(
            before.is_none(),
            "a secret leaks after: {}",
            before.unwrap_or_default()
        );
    }

    /// Checks that the secret is not in what `value` shows of itself.
    ///
    /// # Panics
    ///
    /// As [`assert_absent`](Self::assert_absent).
    pub fn assert_hidden_by(&self, value: &impl Debug) {
        self.assert_absent(&format!("{value:?}"));
        self.assert_absent(&format!("{value:#?}"));
    }
}

impl Debug for Canary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Canary")
    }
}
