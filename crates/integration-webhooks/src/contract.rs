//! What a sender makes of the status codes it is answered with.

use std::time::Duration;

use crate::scheme::Scheme;

/// The answers one sender expects, so that nothing is lost when we are busy and nothing is sent
/// twice when we are not.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderContract {
    /// Status for an event that is stored. A 2xx.
    pub success: u16,
    /// Status for an event that was stored before. A 2xx, or the sender would try again.
    pub duplicate: u16,
    /// Status for a delivery whose signature does not verify.
    pub bad_signature: u16,
    /// Status while we cannot store: one this sender retries on, where it retries at all.
    pub overload: u16,
    /// `Retry-After` sent with [`overload`](Self::overload), whole seconds.
    pub retry_after: Option<Duration>,
    /// Status for a body over the limit.
    pub too_large: u16,
    /// How long the sender waits for an answer.
    pub answer_within: Duration,
    /// Whether the sender tries again after [`overload`](Self::overload).
    pub retries: bool,
    /// Where the facts come from.
    pub documentation: &'static str,
}

impl SenderContract {
    /// Returns the contract of a scheme's sender.
    pub(crate) fn of(scheme: &Scheme) -> Self {
        match scheme {
            Scheme::Stripe => STRIPE,
            Scheme::GitHub | Scheme::GitHubSha1 => GITHUB,
            Scheme::Slack => SLACK,
            Scheme::SupabaseAuthHook => SUPABASE_AUTH_HOOK,
            Scheme::StandardWebhooks | Scheme::Svix | Scheme::Clerk | Scheme::Loops => SVIX,
            Scheme::Hmac(_) => GENERIC,
        }
    }
}

/// What every sender here has in common: 2xx ends it, 503 says "later", 401 and 413 say "never".
const GENERIC: SenderContract = SenderContract {
    success: 200,
    duplicate: 200,
    bad_signature: 401,
    overload: 503,
    retry_after: Some(Duration::from_secs(5)),
    too_large: 413,
    answer_within: Duration::from_secs(5),
    retries: true,
    documentation: "unknown sender: the strictest of what others ask for",
};

const STRIPE: SenderContract = SenderContract {
    answer_within: Duration::from_secs(30),
    documentation: "https://docs.stripe.com/webhooks",
    ..GENERIC
};

/// Never tries again by itself: what is refused must be redelivered through its API.
const GITHUB: SenderContract = SenderContract {
    answer_within: Duration::from_secs(10),
    retries: false,
    retry_after: None,
    documentation: "https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries",
    ..GENERIC
};

const SLACK: SenderContract = SenderContract {
    answer_within: Duration::from_secs(3),
    documentation: "https://docs.slack.dev/apis/events-api/",
    ..GENERIC
};

const SVIX: SenderContract = SenderContract {
    answer_within: Duration::from_secs(15),
    documentation: "https://docs.svix.com/retries",
    ..GENERIC
};

/// 200 would promise JSON; and it tries again only if `Retry-After` is there, whatever it says.
const SUPABASE_AUTH_HOOK: SenderContract = SenderContract {
    success: 204,
    duplicate: 204,
    retry_after: Some(Duration::from_secs(2)),
    documentation: "https://supabase.com/docs/guides/auth/auth-hooks",
    ..GENERIC
};

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = (&'static str, SenderContract)> {
        let named = |name: &&'static str| Some((*name, name.parse::<Scheme>().ok()?.contract()));
        Scheme::names().iter().filter_map(named)
    }

    #[test]
    fn what_is_stored_is_a_success_however_often_it_comes() {
        for (name, contract) in all() {
            assert!((200..300).contains(&contract.success), "{name}");
            assert!((200..300).contains(&contract.duplicate), "{name}");
        }
    }

    #[test]
    fn being_busy_is_never_the_senders_fault() {
        for (name, contract) in all() {
            assert_eq!(contract.overload, 503, "{name}: 4xx would end the retries");
            assert_eq!(contract.retry_after.is_some(), contract.retries, "{name}");
        }
    }

    #[test]
    fn what_will_never_verify_or_fit_is_refused_for_good() {
        for (name, contract) in all() {
            assert_eq!(
                (contract.bad_signature, contract.too_large),
                (401, 413),
                "{name}"
            );
        }
    }
}
