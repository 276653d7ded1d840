//! Times as people write them: `250ms`, `1.5s`, `2m`.

use std::time::Duration;

use crate::config::MAX_DURATION;

/// Units and their nanoseconds, the longest first. A longer name comes before one it ends with.
const UNITS: [(&str, u128); 7] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("d", 86_400 * SECOND),
    ("h", 3_600 * SECOND),
    ("m", 60 * SECOND),
    ("s", SECOND),
];

const SECOND: u128 = 1_000_000_000;

/// How a time is written, for errors and documentation.
pub(super) const FORM: &str = "a time with its unit, such as \"250ms\", \"1.5s\", \"2m\" or \"1h\"";

/// Digits that a number may have; more than the longest time in nanoseconds needs.
const MAX_DIGITS: usize = 18;

/// Reads a time of at most 30 days; the error is the rule it breaks.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let must_be = || format!("must be {FORM}");
    let text = text.trim();
    let unit = UNITS
        .iter()
        .find_map(|(unit, nanos)| Some((text.strip_suffix(unit)?, *nanos)));
    let Some((number, unit)) = unit else {
        return Err(must_be());
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |text: &str| {
        (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    if !is_number(whole) || !is_number(fraction) {
        return Err(must_be());
    }
    let nanos = nanos(whole, fraction, unit).ok_or_else(must_be)?;
    u64::try_from(nanos)
        .map(Duration::from_nanos)
        .ok()
        .filter(|time| *time <= MAX_DURATION)
        .ok_or_else(|| "must be at most 30 days".to_owned())
}

/// Returns the nanoseconds; `None` for parts of one.
fn nanos(whole: &str, fraction: &str, unit: u128) -> Option<u128> {
    let fraction = fraction.trim_end_matches('0');
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = if fraction.is_empty() {
        0
    } else {
        fraction.parse::<u128>().ok()? * unit
    };
    (part % scale == 0).then_some(())?;
    Some(whole.parse::<u128>().ok()? * unit + part / scale)
}

/// Writes a time so that [`parse`] reads the same one.
pub(super) fn show(time: Duration) -> String {
    let nanos = time.as_nanos();
    let fits = |(_, unit): &&(&str, u128)| nanos >= *unit && nanos.is_multiple_of(*unit);
    if nanos > SECOND && !nanos.is_multiple_of(SECOND) {
        let fraction = format!("{:09}", nanos % SECOND);
        return format!("{}.{}s", nanos / SECOND, fraction.trim_end_matches('0'));
    }
    // Hours are the longest: nobody reads 1d as a timeout.
    let known = ["h", "m", "s", "ms", "us", "ns"];
    known
        .iter()
        .filter_map(|name| UNITS.iter().find(|(unit, _)| unit == name))
        .find(fits)
        .map_or_else(
            || "0s".to_owned(),
            |(name, unit)| format!("{}{name}", nanos / unit),
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Duration, MAX_DURATION, parse, show};

    #[test]
    fn times_are_read_as_people_write_them() {
        let rows = [
            ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000),
            (" 2m ", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("30d", 2_592_000_000_000_000),
            ("0s", 0),
            ("1us", 1_000),
            ("0.5us", 500),
            ("7ns", 7),
            ("1.50s", 1_500_000_000),
        ];
        for (text, nanos) in rows {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_form() {
        let wrong = [
            "",
            "30",
            "s",
            "-5s",
            "+5s",
            "1e3s",
            ".5s",
            "5.s",
            "1 s",
            "1s2",
            "1m30s",
            "0.5ns",
            "5 sec",
            "99999999999999999999s",
            "١s",
            "inf",
            "NaNs",
        ];
        for text in wrong {
            let rule = parse(text).unwrap_err();
            assert!(rule.contains("such as \"250ms\""), "{text}: {rule}");
        }
        for text in ["31d", "2592001s", "999999999999999999h"] {
            assert_eq!(
                parse(text).unwrap_err(),
                "must be at most 30 days",
                "{text}"
            );
        }
    }

    #[test]
    fn times_are_shown_in_the_longest_unit_that_fits() {
        let rows = [
            (3_100, "3.1s"),
            (90_000, "90s"),
            (120_000, "2m"),
            (20, "20ms"),
            (0, "0s"),
        ];
        for (millis, text) in rows {
            assert_eq!(show(Duration::from_millis(millis)), text);
        }
        assert_eq!(show(MAX_DURATION), "720h");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(nanos in 0..2_592_000_000_000_000_u64, coarse in 0..4_u32) {
            let step = 1_000_u64.pow(coarse);
            let time = Duration::from_nanos(nanos / step * step);
            prop_assert_eq!(parse(&show(time)), Ok(time));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parse(&text);
        }

        #[test]
        fn nothing_near_a_time_makes_it_panic(text in "[0-9]{0,25}\\.?[0-9]{0,25}(ms|us|ns|d|h|m|s)?") {
            if let Ok(time) = parse(&text) {
                prop_assert!(time <= MAX_DURATION);
            }
        }
    }
}
