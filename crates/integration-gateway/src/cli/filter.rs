//! Which events and deliveries a command is about.

use std::{str::FromStr, time::Duration};

use clap::Args;
use integration_events::{DeliveryFilter, DeliveryId, EventFilter, EventId, UnixMillis};

/// Longest age that `--since` takes: ten years.
const MAX_AGE_S: u64 = 3650 * 24 * 60 * 60;

/// Narrows by what is known of an event; every option that is given must fit.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct EventFilterArgs {
    /// Only of this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Only of this type; `*` stands for any text
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only received within this time: 90s, 15m, 1h, 7d
    #[arg(long, value_name = "AGE", value_parser = age)]
    since: Option<Duration>,
    /// Only received longer ago than this
    #[arg(long, value_name = "AGE", value_parser = age)]
    until: Option<Duration>,
}

/// Narrows by event and route.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct DeliveryFilterArgs {
    #[command(flatten)]
    event: EventFilterArgs,
    /// Only to this route
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
}

/// An event, or one of its deliveries by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Event(EventId),
    Delivery(DeliveryId),
}

impl EventFilterArgs {
    pub(super) fn filter(&self, now: UnixMillis) -> EventFilter {
        EventFilter {
            source: self.source.clone(),
            event_type: self.event_type.clone(),
            since: self.since.map(|age| now.minus(age)),
            until: self.until.map(|age| now.minus(age)),
        }
    }
}

impl DeliveryFilterArgs {
    pub(super) fn filter(&self, now: UnixMillis, targets: &[Target]) -> DeliveryFilter {
        let mut filter = DeliveryFilter {
            event: self.event.filter(now),
            route: self.route.clone(),
            ..DeliveryFilter::default()
        };
        for target in targets {
            match target {
                Target::Event(id) => filter.events.push(*id),
                Target::Delivery(id) => filter.deliveries.push(*id),
            }
        }
        filter
    }
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Delivery(DeliveryId(number)));
        }
        let id = text.parse().map(Self::Event);
        id.map_err(|_| "an id is evt_ and 32 hexadecimal digits, or the number of a delivery")
    }
}

/// Reads an age such as `15m`.
pub(super) fn age(text: &str) -> Result<Duration, &'static str> {
    const RULE: &str = "an age is a number and s, m, h or d, such as 90s, 15m, 1h, 7d";
    const TOO_LONG: &str = "an age is at most ten years";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.strip_prefix(digits).unwrap_or_default();
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(RULE),
    };
    let number: u64 = digits.parse().map_err(|_| RULE)?;
    let seconds = number.checked_mul(seconds).filter(|age| *age <= MAX_AGE_S);
    seconds.map(Duration::from_secs).ok_or(TOO_LONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_and_a_unit() {
        for (text, seconds) in [
            ("0s", Some(0)),
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("1h", Some(3600)),
            ("7d", Some(604_800)),
            ("3650d", Some(MAX_AGE_S)),
            ("3651d", None),
            ("99999999999999999999d", None),
            ("18446744073709551615d", None),
            ("1", None),
            ("h", None),
            ("-1h", None),
            ("1.5h", None),
            ("1 h", None),
            ("1w", None),
            ("é", None),
            ("", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(age(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn an_id_is_of_an_event_or_a_delivery() {
        let event = EventId::from_bytes([0xab; 16]);
        assert_eq!(event.to_string().parse(), Ok(Target::Event(event)));
        assert_eq!("256".parse(), Ok(Target::Delivery(DeliveryId(256))));
        assert!("evt_1".parse::<Target>().is_err());
    }
}
