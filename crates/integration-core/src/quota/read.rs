//! One reader for each format.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName};

use super::{
    QuotaEntry, QuotaReport, Reach, Refill,
    fields::{Member, members},
    value::{count, reset, seconds},
};
use crate::{hint, rate_limit::Unit};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The headers of an answer, and what may be found in them.
pub(super) struct Answer<'a> {
    headers: &'a HeaderMap,
    unix: Duration,
    /// `RateLimit` and `RateLimit-Policy`.
    fields: bool,
    /// `RateLimit-Limit` and so on.
    rate_limit: bool,
    /// `X-RateLimit-Limit` and so on, in any spelling.
    x_rate_limit: bool,
    /// `Retry-After` in any form.
    retry: bool,
    /// Those of one service alone.
    special: bool,
}

impl<'a> Answer<'a> {
    /// Looks over the names once, as most answers say nothing about quotas.
    pub(super) fn new(headers: &'a HeaderMap, unix: Duration) -> Self {
        let mut answer = Self {
            headers,
            unix,
            fields: false,
            rate_limit: false,
            x_rate_limit: false,
            retry: false,
            special: false,
        };
        for name in headers.keys().map(HeaderName::as_str) {
            match name.as_bytes() {
                b"ratelimit" | b"ratelimit-policy" => answer.fields = true,
                [b'r', b'a', b't', b'e', ..] => answer.rate_limit = true,
                [b'x', b'-', b'r', b'a', b't', b'e', ..] => answer.x_rate_limit = true,
                [b'r', b'e', b't', b'r', b'y', ..] | b"x-ms-retry-after-ms" => answer.retry = true,
                [b'a', b'n', b't', b'h', ..] | [b'x', b'-', b's', b'h', ..] => {
                    answer.special = true;
                }
                _ => {}
            }
        }
        answer
    }

    /// Tells whether no format finds anything.
    pub(super) const fn is_silent(&self) -> bool {
        !(self.fields || self.rate_limit || self.x_rate_limit || self.retry || self.special)
    }

    pub(super) fn penalty(&self) -> Option<Duration> {
        self.retry
            .then(|| hint::from_headers(self.headers, self.unix))?
    }

    /// Reads the formats that need no knowledge of the service; the newest that says anything.
    pub(super) fn standard(&self) -> QuotaReport {
        let found = |has: bool, read: fn(&Self) -> QuotaReport| {
            has.then(|| read(self)).filter(|report| !report.is_empty())
        };
        found(self.fields, ietf)
            .or_else(|| found(self.rate_limit, rate_limit))
            .or_else(|| found(self.x_rate_limit, x_rate_limit))
            .unwrap_or_default()
    }

    /// Returns the server's own time where it is told, as its dates go by that.
    fn now(&self) -> Duration {
        hint::server_time(self.headers).unwrap_or(self.unix)
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn count(&self, name: &str) -> Option<u64> {
        // The first of a list, without its parameters.
        count(self.text(name)?.split([',', ';']).next()?)
    }

    fn reset(&self, name: &str) -> Option<Duration> {
        reset(self.text(name)?, || self.now())
    }

    /// Reads one quota that is told by three headers.
    fn entry(&self, unit: Unit, [limit, remaining, reset]: [&str; 3]) -> QuotaEntry {
        QuotaEntry::new(unit)
            .with_limit(self.count(limit))
            .with_remaining(self.count(remaining))
            .with_reset_in(self.reset(reset))
    }
}

pub(super) fn ietf(answer: &Answer<'_>) -> QuotaReport {
    let mut report = QuotaReport::new();
    let mut older = QuotaEntry::new(Unit::CALLS);
    for member in members(answer.headers, "ratelimit") {
        match member.item().split_once('=') {
            Some(("limit", value)) => older.limit = count(value),
            Some(("remaining", value)) => older.remaining = count(value),
            Some(("reset", value)) => older.reset_in = seconds(value),
            _ => {
                let policy = members(answer.headers, "ratelimit-policy")
                    .find(|policy| policy.item() == member.item());
                if let Some(entry) = limited(member, policy) {
                    report = report.with_entry(entry);
                }
            }
        }
    }
    if !older.is_empty() {
        older.window = window(answer, "ratelimit-policy", older.limit);
        return report.with_entry(older);
    }
    if !report.is_empty() {
        return report;
    }
    // Policies alone: the limits are known, and not what remains.
    members(answer.headers, "ratelimit-policy")
        .filter_map(|policy| limited(policy, Some(policy)))
        .fold(report, QuotaReport::with_entry)
}

/// Joins what remains of a policy with what the policy is.
fn limited(member: Member<'_>, policy: Option<Member<'_>>) -> Option<QuotaEntry> {
    let of_policy = |name| policy.and_then(|policy| policy.param(name));
    let unit = match of_policy("qu") {
        None | Some("request" | "requests") => Unit::CALLS,
        Some("concurrent-requests" | "concurrency") => return None,
        Some(unit) => Unit::new(unit),
    };
    let entry = QuotaEntry::new(unit)
        .with_limit(of_policy("q").and_then(count))
        .with_remaining(member.param("r").and_then(count))
        .with_reset_in(member.param("t").and_then(seconds))
        .with_window(of_policy("w").and_then(seconds));
    (!unit.is_empty()).then_some(entry)
}

pub(super) fn rate_limit(answer: &Answer<'_>) -> QuotaReport {
    let names = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];
    let entry = answer.entry(Unit::CALLS, names);
    let window = window(answer, "ratelimit-policy", entry.limit)
        .or_else(|| window(answer, "ratelimit-limit", entry.limit));
    QuotaReport::new().with_entry(entry.with_window(window))
}

/// Finds the window of the policy with this limit: `100;w=60`.
fn window(answer: &Answer<'_>, name: &str, limit: Option<u64>) -> Option<Duration> {
    let limit = limit?;
    members(answer.headers, name)
        .filter(|policy| count(policy.item()) == Some(limit))
        .find_map(|policy| seconds(policy.param("w")?))
}

pub(super) fn x_rate_limit(answer: &Answer<'_>) -> QuotaReport {
    let spellings = [
        [
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
        ],
        [
            "x-rate-limit-limit",
            "x-rate-limit-remaining",
            "x-rate-limit-reset",
        ],
    ];
    let entries = spellings
        .into_iter()
        .map(|names| answer.entry(Unit::CALLS, names));
    let first = entries.into_iter().find(|entry| !entry.is_empty());
    first.map_or_else(QuotaReport::new, |entry| {
        QuotaReport::new().with_entry(entry)
    })
}

pub(super) fn github(answer: &Answer<'_>) -> QuotaReport {
    let names = [
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ];
    let resource = answer.text("x-ratelimit-resource").unwrap_or("core").trim();
    let entry = match resource {
        "core" | "" => answer.entry(Unit::CALLS, names).with_window(HOUR),
        _ => answer
            .entry(Unit::new(resource), names)
            .with_reach(Reach::ItsUnit),
    };
    let entry = match resource {
        "search" | "code_search" => entry.with_window(MINUTE),
        "graphql" => entry.with_window(HOUR),
        _ => entry,
    };
    QuotaReport::new().with_entry(entry)
}

pub(super) fn openai(answer: &Answer<'_>) -> QuotaReport {
    let requests = [
        "x-ratelimit-limit-requests",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    ];
    let tokens = [
        "x-ratelimit-limit-tokens",
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-tokens",
    ];
    // Of some accounts requests count by the day; by the minute then allows more, never less.
    let steady = |entry: QuotaEntry| entry.with_refill(Refill::Steady).with_window(MINUTE);
    QuotaReport::new()
        .with_entry(steady(answer.entry(Unit::CALLS, requests)))
        .with_entry(steady(answer.entry(Unit::new("tokens"), tokens)))
}

pub(super) fn anthropic(answer: &Answer<'_>) -> QuotaReport {
    let names = [
        (
            "calls",
            [
                "anthropic-ratelimit-requests-limit",
                "anthropic-ratelimit-requests-remaining",
                "anthropic-ratelimit-requests-reset",
            ],
        ),
        (
            "tokens",
            [
                "anthropic-ratelimit-tokens-limit",
                "anthropic-ratelimit-tokens-remaining",
                "anthropic-ratelimit-tokens-reset",
            ],
        ),
        (
            "input-tokens",
            [
                "anthropic-ratelimit-input-tokens-limit",
                "anthropic-ratelimit-input-tokens-remaining",
                "anthropic-ratelimit-input-tokens-reset",
            ],
        ),
        (
            "output-tokens",
            [
                "anthropic-ratelimit-output-tokens-limit",
                "anthropic-ratelimit-output-tokens-remaining",
                "anthropic-ratelimit-output-tokens-reset",
            ],
        ),
    ];
    names
        .into_iter()
        .map(|(unit, names)| answer.entry(Unit::new(unit), names))
        .map(|entry| entry.with_refill(Refill::Steady).with_window(MINUTE))
        .fold(QuotaReport::new(), QuotaReport::with_entry)
}

pub(super) fn discord(answer: &Answer<'_>) -> QuotaReport {
    let names = [
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ];
    let entry = answer.entry(Unit::CALLS, names);
    let after = answer.text("x-ratelimit-reset-after").and_then(seconds);
    let global = answer
        .text("x-ratelimit-global")
        .is_some_and(|global| global.trim().eq_ignore_ascii_case("true"));
    QuotaReport::new()
        .with_entry(entry.with_reset_in(after.or(entry.reset_in)))
        .with_penalty(after.filter(|_| global))
}

pub(super) fn shopify(answer: &Answer<'_>) -> QuotaReport {
    /// 40 at 2 a second, 80 at 4, 400 at 20.
    const EMPTY_AFTER: u32 = 20;
    let told = answer
        .text("x-shopify-shop-api-call-limit")
        .and_then(|text| text.split_once('/'))
        .and_then(|(used, limit)| Some((count(used)?, count(limit)?)))
        .filter(|(_, limit)| *limit > 0);
    let Some((used, limit)) = told else {
        return QuotaReport::new();
    };
    let empty = Duration::from_secs(u64::from(EMPTY_AFTER));
    let nanos = empty.as_nanos() * u128::from(used.min(limit));
    let nanos = u64::try_from(nanos.div_ceil(u128::from(limit))).unwrap_or(u64::MAX);
    let entry = QuotaEntry::new(Unit::CALLS)
        .with_limit(limit)
        .with_remaining(limit.saturating_sub(used))
        .with_reset_in(Duration::from_nanos(nanos))
        .with_window(empty)
        .with_refill(Refill::Steady);
    QuotaReport::new().with_entry(entry)
}
