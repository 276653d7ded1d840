//! The values of headers; none of these can fail, overflow or panic, whatever a server sends.

use std::time::Duration;

use crate::hint::{MAX_HINT, date};

/// Bytes of a value that are looked at.
const MAX_LEN: usize = 64;

/// Digits of a number that fit a `u64` with room.
const MAX_DIGITS: usize = 18;

/// From here on a number of seconds is a time since the Unix epoch (2001), not a wait (31 years).
const EPOCH_SECONDS: u64 = 1_000_000_000;

/// From here on it is in milliseconds.
const EPOCH_MILLIS: u64 = 1_000_000_000_000;

/// Reads a whole number; a fraction is cut off.
pub(super) fn count(text: &str) -> Option<u64> {
    digits(parts(text)?.0)
}

/// Reads seconds with a fraction, exact to a nanosecond and rounded up.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    scaled(text, 1_000_000_000)
}

/// Reads a wait: seconds, a time since the epoch in seconds or milliseconds, a duration with
/// units, or a date. `now` tells the time since the epoch to compare with, where that is needed.
pub(super) fn reset(text: &str, now: impl Fn() -> Duration) -> Option<Duration> {
    let text = text.trim();
    let since = |at: Duration| at.saturating_sub(now()).min(MAX_HINT);
    match count(text) {
        Some(number) if number >= EPOCH_MILLIS => at(text, 1_000_000).map(since),
        Some(number) if number >= EPOCH_SECONDS => at(text, 1_000_000_000).map(since),
        Some(_) => seconds(text),
        None => span(text)
            .or_else(|| rfc3339(text).map(since))
            .or_else(|| (text.len() <= MAX_LEN).then(|| date(text).map(since))?),
    }
}

/// Reads a duration with units, such as `6m0s`, `1.5s` or `12ms`; the units must not grow.
pub(super) fn span(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() || rest.len() > MAX_LEN {
        return None;
    }
    let mut sum = Duration::ZERO;
    let mut last = u64::MAX;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(number)?;
        let unit = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        let nanos = unit_nanos(unit).filter(|nanos| *nanos < last)?;
        sum = sum.saturating_add(scaled(number, nanos)?);
        (rest, last) = (after, nanos);
    }
    Some(sum.min(MAX_HINT))
}

/// Reads a date and time of RFC 3339 as the time since the Unix epoch.
pub(super) fn rfc3339(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text.len() > MAX_LEN {
        return None;
    }
    let (day, time) = text.split_once(['T', 't', ' '])?;
    let mut day = day.splitn(3, '-');
    let (year, month, day) = (
        fixed(day.next()?, 4)?,
        fixed(day.next()?, 2)?,
        fixed(day.next()?, 2)?,
    );
    let (clock, ahead) = zone(time)?;
    let mut clock = clock.splitn(3, ':');
    let (hour, minute) = (fixed(clock.next()?, 2)?, fixed(clock.next()?, 2)?);
    let (second, fraction) = parts(clock.next()?)?;
    let second = fixed(second, 2)?;
    let valid = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !valid {
        return None;
    }
    let whole = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let whole = match ahead {
        Zone::Ahead(by) => whole.checked_sub(by)?,
        Zone::Behind(by) => whole + by,
    };
    Some(Duration::from_secs(whole) + Duration::from_nanos(fraction_of(fraction, 1_000_000_000)))
}

/// How far a clock is from UTC, in seconds.
enum Zone {
    Ahead(u64),
    Behind(u64),
}

fn zone(time: &str) -> Option<(&str, Zone)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock, Zone::Ahead(0)));
    }
    let (clock, offset) = time.split_once(['+', '-'])?;
    let (hours, minutes) = offset.split_once(':')?;
    let (hours, minutes) = (fixed(hours, 2)?, fixed(minutes, 2)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let by = hours * 3_600 + minutes * 60;
    let ahead = time.contains('+');
    Some((
        clock,
        if ahead {
            Zone::Ahead(by)
        } else {
            Zone::Behind(by)
        },
    ))
}

/// Days from the Unix epoch to a date of 1970 or later.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let before = year - 1;
    let leaps = before / 4 - before / 100 + before / 400;
    // 719162 days lie between the first day of year 1 and the epoch.
    let of_years = before * 365 + leaps - 719_162;
    let of_months: u64 = (1..month).map(|month| days_of(year, month)).sum();
    of_years + of_months + day - 1
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

fn unit_nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "d" => 86_400_000_000_000,
        "h" => 3_600_000_000_000,
        "m" => 60_000_000_000,
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ns" => 1,
        _ => return None,
    })
}

/// Reads `digits[.digits]` units of so many nanoseconds, rounded up, at most the longest hint.
fn scaled(text: &str, unit: u64) -> Option<Duration> {
    let (whole, fraction) = parts(text)?;
    let whole = u128::from(digits(whole)?) * u128::from(unit);
    let nanos = whole + u128::from(fraction_of(fraction, unit));
    let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
    Some(Duration::from_nanos(nanos).min(MAX_HINT))
}

/// Reads a time since the epoch in units of so many nanoseconds: it is longer than any hint.
fn at(text: &str, unit: u64) -> Option<Duration> {
    let (whole, fraction) = parts(text)?;
    let nanos = u128::from(digits(whole)?) * u128::from(unit);
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
    let rest = u64::try_from(nanos % 1_000_000_000).unwrap_or(0) + fraction_of(fraction, unit);
    Some(Duration::from_secs(seconds).saturating_add(Duration::from_nanos(rest)))
}

/// Splits a number at its point; both sides have digits only, the first at least one.
fn parts(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    if text.len() > MAX_LEN {
        return None;
    }
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    let numeric = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (!whole.is_empty() && numeric(whole) && numeric(fraction)).then_some((whole, fraction))
}

/// Reads digits; more than fit are as many as fit.
fn digits(text: &str) -> Option<u64> {
    if text.trim_start_matches('0').len() > MAX_DIGITS {
        return Some(10_u64.pow(18));
    }
    text.parse().ok()
}

/// Reads exactly `len` digits.
fn fixed(text: &str, len: usize) -> Option<u64> {
    let numeric = text.bytes().all(|b| b.is_ascii_digit());
    (text.len() == len && numeric).then(|| text.parse().ok())?
}

/// Returns the part of a unit that the digits after a point are, rounded up.
fn fraction_of(digits: &str, unit: u64) -> u64 {
    let nine: u128 = digits
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0, |sum, digit| sum * 10 + u128::from(digit - b'0'));
    let rest = u128::from(digits.bytes().skip(9).any(|digit| digit != b'0'));
    let part = ((nine + rest) * u128::from(unit)).div_ceil(1_000_000_000);
    u64::try_from(part).unwrap_or(unit)
}
