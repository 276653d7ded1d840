//! Who sends, with which secret, and what.

use std::time::Duration;

use integration_core::{Result, Rng, SecretString};
use integration_webhooks::Scheme;

use crate::samples::Sample;

/// The type that the destination cannot handle until it is fixed.
pub(super) const POISON: &str = "invoice.payment_failed";

/// Where the order of events matters, and by what.
pub(super) const ORDERED: (&str, &str) = ("stripe", "/data/object/customer");

/// One sender. Its secret protects nothing, so it may stand here.
#[derive(Debug)]
pub(super) struct Sender {
    /// The scheme, which is the source's name, too.
    pub(super) scheme: &'static str,
    /// Name of the variable with the secret.
    pub(super) variable: &'static str,
    secret: &'static str,
    events: &'static [(&'static str, usize)],
}

/// The five, in the order they appear.
pub(super) const SENDERS: [Sender; 5] = [
    Sender {
        scheme: "stripe",
        variable: "DEMO_STRIPE_SECRET",
        secret: "demo-secret-of-stripe",
        events: &[("payment_intent.succeeded", 10), ("invoice.paid", 4)],
    },
    Sender {
        scheme: "github",
        variable: "DEMO_GITHUB_SECRET",
        secret: "demo-secret-of-github",
        events: &[
            ("push", 6),
            ("pull_request.opened", 3),
            ("issues.opened", 3),
        ],
    },
    Sender {
        scheme: "slack",
        variable: "DEMO_SLACK_SECRET",
        secret: "demo-secret-of-slack",
        events: &[("app_mention", 9)],
    },
    Sender {
        scheme: "standard-webhooks",
        variable: "DEMO_STANDARD_SECRET",
        secret: STANDARD_SECRET,
        events: &[("order.created", 5), ("order.shipped", 4)],
    },
    Sender {
        scheme: "hmac",
        variable: "DEMO_HMAC_SECRET",
        secret: "demo-secret-of-hmac",
        events: &[("sensor.reading", 8)],
    },
];

/// Name of the variable with the secret the gateway signs deliveries with.
pub(super) const ROUTE_VARIABLE: &str = "DEMO_DESTINATION_SECRET";

/// The base64 of "demo secret, not for use".
const STANDARD_SECRET: &str = "ZGVtbyBzZWNyZXQsIG5vdCBmb3IgdXNl";

/// Returns the secret the gateway signs deliveries with.
pub(super) fn route_secret() -> SecretString {
    SecretString::from(STANDARD_SECRET)
}

impl Sender {
    pub(super) fn secret(&self) -> SecretString {
        SecretString::from(self.secret)
    }

    /// # Errors
    ///
    /// Never, as long as the word is one of [`Scheme::names`], which a test holds.
    pub(super) fn scheme(&self) -> Result<Scheme> {
        self.scheme.parse()
    }
}

/// Makes up the events of all senders, mixed as they would arrive.
pub(super) fn events(rng: &dyn Rng, now: Duration) -> Result<Vec<(&'static Sender, Sample)>> {
    let mut events = Vec::new();
    for sender in &SENDERS {
        let scheme = sender.scheme()?;
        let types = sender.events.iter();
        let types = types.flat_map(|(name, count)| std::iter::repeat_n(*name, *count));
        for event_type in types {
            let sample = Sample::new(&scheme, Some(event_type), rng, now)?;
            events.push((rng.fraction(), sender, sample));
        }
    }
    events.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
    Ok(events
        .into_iter()
        .map(|(_, sender, sample)| (sender, sample))
        .collect())
}

#[cfg(test)]
mod tests {
    use integration_core::SeededRng;
    use integration_webhooks::Source;

    use super::*;

    #[test]
    fn every_sender_has_a_scheme_and_a_secret_it_can_use() {
        for sender in &SENDERS {
            let secrets = vec![sender.secret().into()];
            Source::new(sender.scheme, sender.scheme().unwrap(), secrets).unwrap();
        }
    }

    #[test]
    fn the_events_are_mixed_and_all_there() {
        let events = events(&SeededRng::new(1), Duration::from_secs(1)).unwrap();
        let count = SENDERS
            .iter()
            .flat_map(|sender| sender.events)
            .map(|(_, count)| count);
        assert_eq!(events.len(), count.sum::<usize>());
        let first: Vec<_> = events
            .iter()
            .take(10)
            .map(|(sender, _)| sender.scheme)
            .collect();
        assert!(first.iter().any(|scheme| *scheme != first[0]), "{first:?}");
    }
}
