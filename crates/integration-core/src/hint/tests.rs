use std::time::Duration;

use proptest::prelude::*;

use super::{MAX_HINT, millis, retry_after};

const NOW: Duration = Duration::from_secs(1_445_411_420);

#[test]
fn seconds_dates_and_garbage_are_told_apart() {
    let seconds = |n| Some(Duration::from_secs(n));
    let rows = [
        ("0", seconds(0)),
        ("1", seconds(1)),
        (" 120 ", seconds(120)),
        ("007", seconds(7)),
        ("1.0", seconds(1)),
        ("1.5", seconds(2)),
        ("0.001", seconds(1)),
        ("31536000", Some(MAX_HINT)),
        ("31536001", Some(MAX_HINT)),
        ("18446744073709551616", Some(MAX_HINT)),
        ("99999999999999999999999999999999", Some(MAX_HINT)),
        ("000000000000000000000000000001", seconds(1)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", seconds(1_060)),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", seconds(1_060)),
        ("Wed Oct 21 07:28:00 2015", seconds(1_060)),
        ("Wed, 21 Oct 2015 07:10:20 GMT", seconds(0)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", seconds(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(MAX_HINT)),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1e3", None),
        ("1.", None),
        (".5", None),
        ("1.5.5", None),
        ("1, 2", None),
        ("soon", None),
        ("٣", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ];
    for (value, hint) in rows {
        assert_eq!(retry_after(value, NOW), hint, "{value:?}");
    }
}

#[test]
fn digits_and_length_are_bounded() {
    let (at, past) = ("9".repeat(18), "9".repeat(19));
    assert_eq!(retry_after(&at, NOW), Some(MAX_HINT));
    assert_eq!(retry_after(&past, NOW), Some(MAX_HINT));
    let (at, past) = (format!("{:064}", 5), format!("{:065}", 5));
    assert_eq!(retry_after(&at, NOW), Some(Duration::from_secs(5)));
    assert_eq!(retry_after(&past, NOW), None);
    assert_eq!(millis(&at), Some(Duration::from_millis(5)));
    assert_eq!(millis(&past), None);
}

#[test]
fn milliseconds_are_read_and_rounded_up() {
    let rows = [
        ("0", Some(0)),
        ("1", Some(1)),
        ("1500", Some(1_500)),
        ("10.25", Some(11)),
        ("-5", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
    ];
    for (value, hint) in rows {
        assert_eq!(millis(value), hint.map(Duration::from_millis), "{value:?}");
    }
    assert_eq!(
        millis("99999999999999"),
        Some(Duration::from_millis(u64::from(u32::MAX)))
    );
}

#[cfg(feature = "http")]
#[test]
fn the_most_exact_header_wins() {
    use http::HeaderMap;

    let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    };
    type Row = (&'static [(&'static str, &'static str)], Option<u64>);
    let rows: &[Row] = &[
        (&[], None),
        (&[("retry-after", "2")], Some(2_000)),
        (
            &[("retry-after", "2"), ("retry-after-ms", "150")],
            Some(150),
        ),
        (
            &[("retry-after", "2"), ("x-ms-retry-after-ms", "160")],
            Some(160),
        ),
        (
            &[("retry-after", "2"), ("retry-after-ms", "soon")],
            Some(2_000),
        ),
        (&[("retry-after", "soon")], None),
        (
            &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")],
            Some(1_060_000),
        ),
        // The server's clock counts, where it is told, and not ours.
        (
            &[
                ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"),
                ("date", "Wed, 21 Oct 2015 07:27:50 GMT"),
            ],
            Some(10_000),
        ),
        (
            &[
                ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"),
                ("date", "yesterday"),
            ],
            Some(1_060_000),
        ),
    ];
    for (pairs, hint) in rows {
        let found = super::from_headers(&headers(pairs), NOW);
        assert_eq!(found, hint.map(Duration::from_millis), "{pairs:?}");
    }
}

#[cfg(feature = "http")]
#[test]
fn a_server_says_whether_to_come_back() {
    use http::HeaderMap;

    type Row = (&'static [(&'static str, &'static str)], Option<bool>);
    let rows: &[Row] = &[
        (&[], None),
        (&[("stripe-should-retry", "true")], Some(true)),
        (&[("stripe-should-retry", "false")], Some(false)),
        (&[("x-should-retry", " True ")], Some(true)),
        (&[("x-should-retry", "FALSE")], Some(false)),
        (&[("x-should-retry", "1")], None),
        (&[("x-should-retry", "")], None),
        (&[("x-should-retry", "false, true")], None),
        (&[("should-retry", "false")], None),
        (
            &[("stripe-should-retry", "maybe"), ("x-should-retry", "true")],
            Some(true),
        ),
        (
            &[("stripe-should-retry", "true"), ("x-should-retry", "false")],
            Some(false),
        ),
    ];
    for (pairs, expected) in rows {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        assert_eq!(super::should_retry(&headers), *expected, "{pairs:?}");
    }
}

proptest! {
    #[test]
    fn nothing_that_a_server_sends_breaks_the_parsers(value in "\\PC*", now in any::<u32>()) {
        let now = Duration::from_secs(u64::from(now));
        prop_assert!(retry_after(&value, now).is_none_or(|hint| hint <= MAX_HINT));
        prop_assert!(millis(&value).is_none_or(|hint| hint <= MAX_HINT));
    }

    #[test]
    fn what_looks_like_a_hint_breaks_nothing_either(
        value in "[ 0-9.,:+a-zA-Z-]{0,70}",
        now in any::<u64>(),
    ) {
        prop_assert!(retry_after(&value, Duration::from_secs(now)).is_none_or(|h| h <= MAX_HINT));
        prop_assert!(millis(&value).is_none_or(|hint| hint <= MAX_HINT));
    }

    #[test]
    fn a_number_of_seconds_is_never_early(seconds in any::<u64>(), fraction in 0..1_000_u32) {
        let hint = retry_after(&format!("{seconds}.{fraction}"), NOW).unwrap();
        prop_assert!(hint >= Duration::from_secs(seconds).min(MAX_HINT));
    }

    #[test]
    fn a_date_is_what_lies_between_it_and_now(ahead in 0..1_000_000_u64) {
        let at = std::time::UNIX_EPOCH + NOW + Duration::from_secs(ahead);
        let hint = retry_after(&httpdate::fmt_http_date(at), NOW);
        prop_assert_eq!(hint, Some(Duration::from_secs(ahead)));
    }
}
