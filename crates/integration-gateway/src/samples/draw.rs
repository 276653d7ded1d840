//! Ids, names and times as senders write them.

use std::time::Duration;

use integration_core::Rng;

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECONDS_A_DAY: u64 = 86_400;

/// Draws letters and digits; 24 of them never come twice.
pub(super) fn token(rng: &dyn Rng, length: usize) -> String {
    (0..length)
        .map(|_| char::from(pick(rng, LETTERS)))
        .collect()
}

/// Draws lower-case hexadecimal digits.
pub(super) fn hex(rng: &dyn Rng, length: usize) -> String {
    let digits = b"0123456789abcdef";
    (0..length).map(|_| char::from(pick(rng, digits))).collect()
}

/// Draws an id in the form 8-4-4-4-12.
pub(super) fn uuid(rng: &dyn Rng) -> String {
    [8, 4, 4, 4, 12].map(|length| hex(rng, length)).join("-")
}

/// Draws one of a few.
pub(super) fn pick<T: Copy, const N: usize>(rng: &dyn Rng, from: &[T; N]) -> T {
    let count = u32::try_from(N).unwrap_or(u32::MAX);
    let drawn = rng.fraction() * f64::from(count);
    let mut upper = from.iter().zip(1_u32..);
    upper
        .find(|(_, upper)| drawn < f64::from(*upper))
        .map_or(from[0], |(one, _)| *one)
}

/// Writes a time as `2026-01-31T12:00:00Z`.
pub(super) fn iso(at: Duration) -> String {
    let (days, second) = (at.as_secs() / SECONDS_A_DAY, at.as_secs() % SECONDS_A_DAY);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a day since the epoch, after Howard Hinnant's `civil_from_days`: years
/// begin in March, so that the leap day comes last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_based = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_based + 2) / 5 + 1;
    let month = if march_based < 10 {
        march_based + 3
    } else {
        march_based - 9
    };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use integration_core::SeededRng;

    use super::*;

    #[test]
    fn times_are_written_as_the_calendar_has_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_772_323_200, "2026-03-01T00:00:00Z"),
        ] {
            assert_eq!(iso(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_uuid_has_its_form() {
        let id = uuid(&SeededRng::new(1));
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
    }
}
