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

const GITHUB: SenderContract = SenderContract {
    answer_within: Duration::from_secs(10),
    retries: false,
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

const SUPABASE_AUTH_HOOK: SenderContract = SenderContract {
    retry_after: Some(Duration::from_secs(2)),
    documentation: "https://supabase.com/docs/guides/auth/auth-hooks",
    ..GENERIC
};
