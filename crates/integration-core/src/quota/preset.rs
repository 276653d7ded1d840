//! The formats that servers use.

use std::time::Duration;

use ::http::HeaderMap;

use super::{QuotaReport, read};

/// Reads what an answer says about quotas.
///
/// It must say nothing rather than fail. What it says can only slow calls down, unless a limit was
/// told to follow.
pub trait QuotaParser: Send + Sync {
    /// Reads the headers of an answer. `now_unix` is our clock, the time since the Unix epoch, for
    /// resets that are dates, where the answer has no `Date` of its own.
    fn parse(&self, headers: &HeaderMap, now_unix: Duration) -> QuotaReport;
}

/// A format of the headers that tell quotas.
///
/// Every preset reads `Retry-After` in all its forms as the penalty: see [`hint`](crate::hint).
/// Resets may be seconds, a time since the Unix epoch (from 10^9 on; from 10^12 on in
/// milliseconds), a duration with units or a date, whatever the format says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preset {
    /// The first of [`Ietf`](Self::Ietf), [`RateLimit`](Self::RateLimit) and
    /// [`XRateLimit`](Self::XRateLimit) that says anything.
    #[default]
    Standard,
    /// `RateLimit: "default";r=50;t=30` and `RateLimit-Policy: "default";q=100;w=60`, and the
    /// form before it, `RateLimit: limit=100, remaining=50, reset=30`.
    ///
    /// Several policies are several entries; the unit is `qu`. A quota of concurrent requests is
    /// no rate and is left out.
    ///
    /// [Draft of the HTTPAPI working group](https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/)
    Ietf,
    /// `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`, with the window in
    /// `RateLimit-Policy` or beside the limit (`100, 100;w=60`).
    ///
    /// [Earlier draft](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06)
    RateLimit,
    /// `X-RateLimit-Limit`, `-Remaining` and `-Reset`, also written `X-Rate-Limit-`.
    ///
    /// [On the forms in use](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06#appendix-D)
    XRateLimit,
    /// `x-ratelimit-*` with a reset since the epoch and the resource in `x-ratelimit-resource`.
    ///
    /// `core` counts calls an hour. Another resource is a unit of that name, which holds up only
    /// calls whose cost names it. A secondary limit is told by `Retry-After` alone.
    ///
    /// [GitHub](https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api)
    GitHub,
    /// `x-ratelimit-limit-requests`, `-remaining-tokens`, `-reset-tokens: 6m0s` and so on: calls
    /// and `tokens`, refilled steadily.
    ///
    /// [OpenAI](https://platform.openai.com/docs/guides/rate-limits)
    OpenAi,
    /// `anthropic-ratelimit-requests-remaining` and so on, with dates of RFC 3339: calls,
    /// `tokens`, `input-tokens` and `output-tokens` a minute, refilled steadily.
    ///
    /// [Anthropic](https://docs.claude.com/en/api/rate-limits)
    Anthropic,
    /// `x-ratelimit-*` with `x-ratelimit-reset-after` in seconds, and `x-ratelimit-global`.
    ///
    /// A bucket belongs to a route: the key should be the route. What is refused globally is the
    /// penalty.
    ///
    /// [Discord](https://docs.discord.com/developers/topics/rate-limits)
    Discord,
    /// `X-Shopify-Shop-Api-Call-Limit: 32/40`: a bucket that leaks empty in 20 seconds, whatever
    /// its size.
    ///
    /// [Shopify](https://shopify.dev/docs/api/admin-rest/usage/rate-limits)
    Shopify,
    /// `Retry-After` alone.
    ///
    /// [Slack](https://docs.slack.dev/apis/web-api/rate-limits),
    /// [Twilio](https://www.twilio.com/docs/api/errors/20429)
    RetryAfter,
}

impl QuotaParser for Preset {
    fn parse(&self, headers: &HeaderMap, now_unix: Duration) -> QuotaReport {
        let answer = read::Answer::new(headers, now_unix);
        if answer.is_silent() {
            return QuotaReport::new();
        }
        let report = match self {
            Self::Standard => answer.standard(),
            Self::Ietf => read::ietf(&answer),
            Self::RateLimit => read::rate_limit(&answer),
            Self::XRateLimit => read::x_rate_limit(&answer),
            Self::GitHub => read::github(&answer),
            Self::OpenAi => read::openai(&answer),
            Self::Anthropic => read::anthropic(&answer),
            Self::Discord => read::discord(&answer),
            Self::Shopify => read::shopify(&answer),
            Self::RetryAfter => QuotaReport::new(),
        };
        let penalty = report.penalty.max(answer.penalty());
        report.with_penalty(penalty)
    }
}
