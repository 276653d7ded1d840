//! Intervals of the calendar, counted from a day.

const DAY: i64 = 86_400;

/// The seconds since the epoch after a number of intervals.
///
/// A month ends on the day of the month it began on, or on its last day.
pub(super) fn after(start: i64, interval: &str, count: i64) -> i64 {
    let months = match interval {
        "day" => return start + count * DAY,
        "week" => return start + count * 7 * DAY,
        "month" => count,
        _ => 12 * count,
    };
    let (year, month, day) = date(start.div_euclid(DAY));
    let total = year * 12 + month - 1 + months;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    let last = days(next_month(year, month)) - days((year, month, 1));
    days((year, month, day.min(last))) * DAY + start.rem_euclid(DAY)
}

/// A time as API v2 writes it: `2026-05-27T12:00:00Z`.
pub(super) fn written(at: i64) -> String {
    let (year, month, day) = date(at.div_euclid(DAY));
    let second = at.rem_euclid(DAY);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z",
        second % 60
    )
}

fn next_month(year: i64, month: i64) -> (i64, i64, i64) {
    match month {
        12 => (year + 1, 1, 1),
        _ => (year, month + 1, 1),
    }
}

/// Days since the epoch of a date. Years begin in March here, so that a leap day is the last.
fn days((year, month, day): (i64, i64, i64)) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since the epoch.
fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: i64 = 43_200;

    fn at(year: i64, month: i64, day: i64) -> i64 {
        days((year, month, day)) * DAY + NOON
    }

    #[test]
    fn known_days_have_their_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(19_782), (2024, 2, 29));
        assert_eq!(date(-1), (1969, 12, 31));
    }

    #[test]
    fn a_time_is_written_with_its_zone() {
        assert_eq!(written(1_779_883_384), "2026-05-27T12:03:04Z");
    }

    #[test]
    fn months_end_on_the_same_day_or_on_their_last() {
        for (start, interval, count, end) in [
            (at(2026, 1, 31), "month", 1, at(2026, 2, 28)),
            (at(2026, 1, 31), "month", 2, at(2026, 3, 31)),
            (at(2024, 1, 31), "month", 1, at(2024, 2, 29)),
            (at(2024, 2, 29), "year", 1, at(2025, 2, 28)),
            (at(2026, 11, 15), "month", 3, at(2027, 2, 15)),
            (at(2026, 12, 30), "week", 1, at(2027, 1, 6)),
            (at(2026, 12, 30), "day", 3, at(2027, 1, 2)),
        ] {
            assert_eq!(after(start, interval, count), end, "{interval} {count}");
        }
    }

    proptest! {
        #[test]
        fn a_date_has_its_day(day in -200_000_i64..200_000) {
            prop_assert_eq!(days(date(day)), day);
        }

        #[test]
        fn intervals_go_forward(start in 0_i64..4_000_000_000, count in 1_i64..60) {
            for interval in ["day", "week", "month", "year"] {
                prop_assert!(after(start, interval, count) > after(start, interval, count - 1));
            }
        }
    }
}
