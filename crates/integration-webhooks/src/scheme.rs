//! The signature schemes, by name.

use std::str::FromStr;

use integration_core::{Error, ErrorKind, Result};

use crate::{contract::SenderContract, generic::HmacScheme};

/// How a sender signs its deliveries.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// `Stripe-Signature: t=,v1=`: HMAC-SHA256 over `t.body`.
    Stripe,
    /// `X-Hub-Signature-256`: HMAC-SHA256 over the body.
    GitHub,
    /// `X-Hub-Signature`: HMAC-SHA1 over the body, for old GitHub Enterprise servers only.
    GitHubSha1,
    /// `X-Slack-Signature: v0=`: HMAC-SHA256 over `v0:timestamp:body`.
    Slack,
    /// `webhook-signature`: `v1` (HMAC-SHA256) or `v1a` (Ed25519) over `id.timestamp.body`.
    StandardWebhooks,
    /// Standard Webhooks under `svix-` or `webhook-` header names.
    Svix,
    /// Clerk: Standard Webhooks under `svix-` header names.
    Clerk,
    /// Loops: Standard Webhooks whose event type is the body's `eventName`.
    Loops,
    /// Supabase Auth hooks: Standard Webhooks with signatures joined by `", "` and a new id for
    /// every attempt.
    SupabaseAuthHook,
    /// Any other HMAC, by configuration.
    Hmac(HmacScheme),
}

/// The configuration words, in the order of the documentation.
const NAMES: [&str; 10] = [
    "stripe",
    "github",
    "github-sha1",
    "slack",
    "standard-webhooks",
    "svix",
    "clerk",
    "loops",
    "supabase-auth-hook",
    "hmac",
];

impl Scheme {
    /// Returns the configuration word of the scheme.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let [
            stripe,
            github,
            github_sha1,
            slack,
            standard,
            svix,
            clerk,
            loops,
            supabase,
            hmac,
        ] = NAMES;
        match self {
            Self::Stripe => stripe,
            Self::GitHub => github,
            Self::GitHubSha1 => github_sha1,
            Self::Slack => slack,
            Self::StandardWebhooks => standard,
            Self::Svix => svix,
            Self::Clerk => clerk,
            Self::Loops => loops,
            Self::SupabaseAuthHook => supabase,
            Self::Hmac(_) => hmac,
        }
    }

    /// Returns every configuration word, for help texts.
    #[must_use]
    pub fn names() -> &'static [&'static str] {
        &NAMES
    }

    /// Returns what the sender makes of our answers.
    #[must_use]
    pub fn contract(&self) -> SenderContract {
        SenderContract::of(self)
    }
}

impl FromStr for Scheme {
    type Err = Error;

    /// Reads a configuration word; `hmac` gives the default [`HmacScheme`].
    fn from_str(word: &str) -> Result<Self> {
        Ok(match word {
            "stripe" => Self::Stripe,
            "github" => Self::GitHub,
            "github-sha1" => Self::GitHubSha1,
            "slack" => Self::Slack,
            "standard-webhooks" => Self::StandardWebhooks,
            "svix" => Self::Svix,
            "clerk" => Self::Clerk,
            "loops" => Self::Loops,
            "supabase-auth-hook" => Self::SupabaseAuthHook,
            "hmac" => Self::Hmac(HmacScheme::default()),
            other => return Err(unknown(other)),
        })
    }
}

fn unknown(word: &str) -> Error {
    let nearest = NAMES
        .iter()
        .min_by_key(|name| distance(word, name))
        .map_or("stripe", |name| name);
    let shown: String = word.chars().take(40).collect();
    Error::new(ErrorKind::Config, "webhooks.scheme").with_message(format!(
        "unknown scheme {shown:?}, did you mean `{nearest}`? known: {}",
        NAMES.join(" ")
    ))
}

/// Levenshtein distance over bytes; both words are short.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().take(64).enumerate() {
        let mut diagonal = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_its_scheme() {
        for name in Scheme::names() {
            assert_eq!(name.parse::<Scheme>().unwrap().name(), *name);
        }
    }

    #[test]
    fn a_misspelt_name_gets_the_nearest_one() {
        for (wrong, right) in [
            ("strip", "stripe"),
            ("GitHub", "github"),
            ("standardwebhooks", "standard-webhooks"),
        ] {
            let error = wrong.parse::<Scheme>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("did you mean `{right}`")),
                "{error}"
            );
        }
    }
}
