//! The names of things: events, deliveries, moments.

use std::{fmt, str::FromStr, time::Duration};

use integration_core::{Error, ErrorKind};

/// Names an event: the first 16 bytes of its deduplication key.
///
/// It is the same for every retry and replay, so a destination can deduplicate on it. Shown as
/// `evt_` and 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId([u8; 16]);

impl EventId {
    /// Takes the bytes as they are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Takes the first 16 bytes of a deduplication key of 32.
    #[must_use]
    pub fn from_key(key: &[u8; 32]) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&key[..16]);
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("evt_")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EventId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || {
            Error::new(ErrorKind::Validation, "events.id.parse")
                .with_message("an event id is evt_ and 32 hexadecimal digits")
        };
        let digits = text.strip_prefix("evt_").ok_or_else(malformed)?.as_bytes();
        if digits.len() != 32 {
            return Err(malformed());
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (nibble(pair[0]), nibble(pair[1]));
            *byte = high
                .zip(low)
                .map(|(h, l)| h << 4 | l)
                .ok_or_else(malformed)?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Names a delivery: one event on its way to one route. Grows with the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub i64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A moment on the wall clock, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// Takes what [`Clock::unix`](integration_core::Clock::unix) returns, rounded down.
    #[must_use]
    pub fn from_duration(since_epoch: Duration) -> Self {
        Self(millis(since_epoch))
    }

    /// Returns the moment this long after, at most the last one that can be named.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(millis(time)))
    }

    /// Returns the moment this long before.
    #[must_use]
    pub fn minus(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(millis(time)))
    }

    /// Returns how long ago `earlier` was; zero if it was not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_reads_back_what_it_shows() {
        let id = EventId::from_bytes(*b"\x00\x01\xfe\xff0123456789ab");
        assert_eq!(id.to_string(), "evt_0001feff303132333435363738396162");
        assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
    }

    #[test]
    fn what_is_not_an_event_id_is_refused() {
        let digits = "0".repeat(32);
        for text in [
            String::new(),
            digits.clone(),
            format!("evt_{digits}0"),
            format!("evt_g{}", "0".repeat(31)),
            format!("evt_é{}", "0".repeat(30)),
        ] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
        }
    }
}
