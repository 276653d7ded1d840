//! Tells the server how long an attempt will be waited for, so that it need not work in vain.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue};

/// Digits that `grpc-timeout` may have.
const GRPC_MAX: u128 = 99_999_999;

/// A header that holds the time left, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadlineHeader {
    name: HeaderName,
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Millis,
    Seconds,
    Grpc,
}

impl DeadlineHeader {
    /// Whole milliseconds, such as
    /// [`x-envoy-expected-rq-timeout-ms`](https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-expected-rq-timeout-ms).
    #[must_use]
    pub const fn millis(name: HeaderName) -> Self {
        Self::new(name, Format::Millis)
    }

    /// Seconds with three places, such as `1.250`.
    #[must_use]
    pub const fn seconds(name: HeaderName) -> Self {
        Self::new(name, Format::Seconds)
    }

    /// [`grpc-timeout`](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), such as
    /// `1250m`.
    #[must_use]
    pub const fn grpc() -> Self {
        Self::new(HeaderName::from_static("grpc-timeout"), Format::Grpc)
    }

    const fn new(name: HeaderName, format: Format) -> Self {
        Self { name, format }
    }

    /// Writes it as a setting: `grpc-timeout`, `millis:NAME` or `seconds:NAME`.
    #[cfg(feature = "settings")]
    pub(crate) fn to_text(&self) -> String {
        match self.format {
            Format::Millis => format!("millis:{}", self.name),
            Format::Seconds => format!("seconds:{}", self.name),
            Format::Grpc => self.name.to_string(),
        }
    }

    /// Reads what [`to_text`](Self::to_text) writes.
    #[cfg(feature = "settings")]
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let grpc = Self::grpc();
        if text == grpc.name.as_str() {
            return Some(grpc);
        }
        let (unit, name) = text.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        match unit {
            "millis" => Some(Self::millis(name)),
            "seconds" => Some(Self::seconds(name)),
            _ => None,
        }
    }

    /// Rounds down: the server must not believe that it has more time than it has.
    pub(super) fn insert(&self, left: Duration, headers: &mut HeaderMap) {
        let millis = left.as_millis();
        let text = match self.format {
            Format::Millis => millis.to_string(),
            Format::Seconds => format!("{}.{:03}", millis / 1_000, millis % 1_000),
            Format::Grpc if millis <= GRPC_MAX => format!("{millis}m"),
            Format::Grpc => format!("{}S", (millis / 1_000).min(GRPC_MAX)),
        };
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(&self.name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DeadlineHeader, Duration, HeaderMap, HeaderName};

    fn text(header: &DeadlineHeader, left: Duration) -> String {
        let mut headers = HeaderMap::new();
        header.insert(left, &mut headers);
        headers[&header.name].to_str().unwrap().to_owned()
    }

    #[test]
    fn each_format_rounds_down() {
        let name = HeaderName::from_static("x-timeout");
        let left = Duration::from_micros(1_250_999);
        assert_eq!(text(&DeadlineHeader::millis(name.clone()), left), "1250");
        assert_eq!(text(&DeadlineHeader::seconds(name), left), "1.250");
        assert_eq!(text(&DeadlineHeader::grpc(), left), "1250m");
    }

    #[test]
    fn grpc_never_has_more_than_eight_digits() {
        let month = Duration::from_secs(30 * 24 * 3_600);
        assert_eq!(text(&DeadlineHeader::grpc(), month), "2592000S");
    }
}
