//! The parsers; none of them can fail, overflow or panic, whatever a server sends.

use std::time::Duration;

/// The longest hint that is told apart; a longer one is this one. One year.
pub const MAX_HINT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Digits that a number may have before it is taken for the longest hint. 10^18 fits a `u64`.
const MAX_DIGITS: usize = 18;

/// Bytes of a header that are looked at; a date has 29.
const MAX_LEN: usize = 64;

/// Reads `Retry-After`: whole seconds, seconds with a fraction (rounded up), or an HTTP date.
///
/// `now` is the time to compare a date with, since the Unix epoch: the server's own `Date`, else
/// our clock.
#[must_use]
pub fn retry_after(value: &str, now: Duration) -> Option<Duration> {
    let value = value.trim();
    if value.len() > MAX_LEN {
        return None;
    }
    if value.starts_with(|c: char| c.is_ascii_digit()) {
        return decimal(value, Duration::from_secs(1));
    }
    let at = date(value)?;
    Some(at.saturating_sub(now).min(MAX_HINT))
}

/// Reads milliseconds, as `retry-after-ms` and `x-ms-retry-after-ms` hold them.
#[must_use]
pub fn millis(value: &str) -> Option<Duration> {
    let value = value.trim();
    if value.len() > MAX_LEN {
        return None;
    }
    decimal(value, Duration::from_millis(1))
}

/// Reads the hint of a response. `unix` is our clock, for a date without a `Date` beside it.
#[cfg(feature = "http")]
#[must_use]
pub fn from_headers(headers: &::http::HeaderMap, unix: Duration) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let exact = ["retry-after-ms", "x-ms-retry-after-ms"];
    exact
        .into_iter()
        .find_map(|name| text(name).and_then(millis))
        .or_else(|| {
            let now = server_time(headers).unwrap_or(unix);
            retry_after(text("retry-after")?, now)
        })
}

/// Reads whether the server wants the call repeated: `stripe-should-retry` and `x-should-retry`.
///
/// `Some(false)` forbids a retry that the status would allow; `Some(true)` says that the call was
/// not executed to its end and may be sent again with the same key. Anything but `true` and
/// `false` is no answer, and headers that contradict each other mean no.
///
/// [Stripe](https://docs.stripe.com/error-low-level#the-stripe-should-retry-header)
#[cfg(feature = "http")]
#[must_use]
pub fn should_retry(headers: &::http::HeaderMap) -> Option<bool> {
    let words = ["stripe-should-retry", "x-should-retry"]
        .into_iter()
        .filter_map(|name| headers.get(name)?.to_str().ok());
    words
        .filter_map(|word| match word.trim() {
            word if word.eq_ignore_ascii_case("true") => Some(true),
            word if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
        .reduce(|one, other| one && other)
}

/// Returns the server's own time since the Unix epoch, from its `Date`.
#[cfg(feature = "http")]
pub(crate) fn server_time(headers: &::http::HeaderMap) -> Option<Duration> {
    date(headers.get("date")?.to_str().ok()?.trim())
}

/// Returns an HTTP date since the Unix epoch.
pub(crate) fn date(value: &str) -> Option<Duration> {
    let at = httpdate::parse_http_date(value).ok()?;
    at.duration_since(std::time::UNIX_EPOCH).ok()
}

/// Reads `digits[.digits]` units. A fraction counts as one whole unit more: never early.
fn decimal(value: &str, unit: Duration) -> Option<Duration> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    if whole.trim_start_matches('0').len() > MAX_DIGITS {
        return Some(MAX_HINT);
    }
    let whole: u64 = whole.parse().ok()?;
    let more = u64::from(fraction.bytes().any(|b| b != b'0'));
    let units = u32::try_from(whole.saturating_add(more)).unwrap_or(u32::MAX);
    Some(unit.saturating_mul(units).min(MAX_HINT))
}
