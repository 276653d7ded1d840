//! Values of several parts that are written as one text.

use std::fmt::Write as _;

use super::{
    form::{Form, NONE, quoted},
    given::Given,
    secret::SecretRef,
    time,
};
use crate::{
    adaptive::Adaptive,
    circuit_breaker::CircuitWindow,
    http::{Client, DeadlineHeader},
    rate_limit::{Quota, RateLimitConfig, Unit},
};

/// Which results a breaker looks at.
pub(super) struct Window;

/// The quotas of a rate limit.
pub(super) struct Quotas;

/// The algorithm of the adaptive limit; one that changes begins with its defaults.
pub(super) struct Algorithm;

/// A header that tells the deadline.
pub(super) struct Header;

/// The address of a service.
pub(super) struct Base;

/// Where a secret is kept.
pub(super) struct Secret;

impl Form for Window {
    type Value = CircuitWindow;

    fn form() -> String {
        "\"100 results\", \"5 in a row\" or a time such as \"10s\"".to_owned()
    }

    fn read(given: &Given, value: &mut CircuitWindow) -> Result<(), String> {
        let text = given.text(&Self::form())?;
        let count = |end: &str| text.strip_suffix(end)?.trim_end().parse::<u16>().ok();
        *value = if let Some(results) = count("results") {
            CircuitWindow::Count(results)
        } else if let Some(failures) = count("in a row") {
            CircuitWindow::Consecutive(failures)
        } else {
            let time = time::parse(text).map_err(|_| format!("must be {}", Self::form()))?;
            CircuitWindow::Time(time)
        };
        Ok(())
    }

    fn show(value: &CircuitWindow) -> Option<String> {
        Some(quoted(&match value {
            CircuitWindow::Count(results) => format!("{results} results"),
            CircuitWindow::Consecutive(failures) => format!("{failures} in a row"),
            CircuitWindow::Time(length) => time::show(*length),
        }))
    }
}

impl Form for Quotas {
    type Value = RateLimitConfig;

    fn form() -> String {
        "a list of texts such as [\"100 calls per 1s\", \"90000 tokens per 1m burst 5000\"]"
            .to_owned()
    }

    fn read(given: &Given, value: &mut RateLimitConfig) -> Result<(), String> {
        let form = Self::form();
        let mut config = RateLimitConfig::new().with_learn(value.learn);
        for text in given.texts(&form)?.into_iter().filter(|t| !t.is_empty()) {
            config = config.with_quota(quota(text).ok_or_else(|| format!("must be {form}"))?);
        }
        *value = config;
        Ok(())
    }

    fn show(value: &RateLimitConfig) -> Option<String> {
        let quotas: Vec<_> = value.quotas().iter().map(show_quota).collect();
        Some(format!("[{}]", quotas.join(", ")))
    }
}

/// Reads "100 calls per 1s burst 20".
fn quota(text: &str) -> Option<Quota> {
    let words: Vec<_> = text.split_whitespace().collect();
    let [permits, unit, "per", time, rest @ ..] = words.as_slice() else {
        return None;
    };
    // A longer name would be cut, and a quota for another unit than is meant.
    (unit.len() <= Unit::MAX_LEN).then_some(())?;
    let quota = Quota::new(permits.parse().ok()?, time::parse(time).ok()?).of(unit);
    match rest {
        [] => Some(quota),
        ["burst", burst] => Some(quota.with_burst(burst.parse().ok()?)),
        _ => None,
    }
}

fn show_quota(quota: &Quota) -> String {
    let (permits, unit, per) = (quota.permits(), quota.unit(), time::show(quota.per()));
    let mut text = format!("{permits} {unit} per {per}");
    if quota.burst() != permits {
        // Writing to a text does not fail.
        let _ = write!(text, " burst {}", quota.burst());
    }
    quoted(&text)
}

impl Form for Algorithm {
    type Value = Adaptive;

    fn form() -> String {
        "one of \"gradient2\", \"aimd\"".to_owned()
    }

    fn read(given: &Given, value: &mut Adaptive) -> Result<(), String> {
        let form = Self::form();
        *value = match (given.text(&form)?, *value) {
            ("aimd", Adaptive::Gradient2(_)) => Adaptive::aimd(),
            ("gradient2", Adaptive::Aimd(_)) => Adaptive::gradient2(),
            ("aimd" | "gradient2", same) => same,
            _ => return Err(format!("must be {form}")),
        };
        Ok(())
    }

    fn show(value: &Adaptive) -> Option<String> {
        Some(quoted(match value {
            Adaptive::Aimd(_) => "aimd",
            Adaptive::Gradient2(_) => "gradient2",
        }))
    }
}

impl Form for Header {
    type Value = Option<DeadlineHeader>;

    fn form() -> String {
        "\"none\", \"grpc-timeout\", or a name after its unit such as \"millis:x-timeout-ms\" or \
         \"seconds:x-timeout\""
            .to_owned()
    }

    fn read(given: &Given, value: &mut Option<DeadlineHeader>) -> Result<(), String> {
        let form = Self::form();
        *value = match given.text(&form)? {
            NONE => None,
            text => {
                let header = DeadlineHeader::from_text(text);
                Some(header.ok_or_else(|| format!("must be {form}"))?)
            }
        };
        Ok(())
    }

    fn show(value: &Option<DeadlineHeader>) -> Option<String> {
        let text = value.as_ref().map(DeadlineHeader::to_text);
        Some(quoted(text.as_deref().unwrap_or(NONE)))
    }
}

impl Form for Base {
    type Value = Option<String>;

    fn form() -> String {
        "an address such as \"https://api.example.com\", which may have a path".to_owned()
    }

    fn read(given: &Given, value: &mut Option<String>) -> Result<(), String> {
        let form = Self::form();
        let text = given.text(&form)?;
        // The address itself stays out of the error: it may hold what it must not.
        let checked = Client::standard(text).map(drop);
        checked.map_err(|e| format!("must be {form}: {}", e.message()))?;
        *value = Some(text.to_owned());
        Ok(())
    }

    fn show(value: &Option<String>) -> Option<String> {
        value.as_deref().map(quoted)
    }
}

impl Form for Secret {
    type Value = Option<SecretRef>;

    fn form() -> String {
        SecretRef::FORM.to_owned()
    }

    fn read(given: &Given, value: &mut Option<SecretRef>) -> Result<(), String> {
        let parsed = SecretRef::parse(given.text(SecretRef::FORM)?);
        *value = Some(parsed.ok_or_else(|| format!("must be {}", SecretRef::FORM))?);
        Ok(())
    }

    fn show(value: &Option<SecretRef>) -> Option<String> {
        value.as_ref().map(|secret| quoted(&secret.to_string()))
    }
}
