//! The counts of sender, gateway and destination, held against each other.
//!
//! Each of the three counts for itself. What one of them lost, invented or did twice shows as a
//! line that does not add up.

use std::fmt;

/// What the senders did, and what they were answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// Requests.
    pub(super) posts: u64,
    /// Of them answered 2xx.
    pub(super) accepted: u64,
    /// Of them answered 401 for the signature.
    pub(super) forged: u64,
    /// Of them answered 401 for the time.
    pub(super) stale: u64,
    /// Of them answered 413.
    pub(super) too_large: u64,
    /// Of the accepted, sent a second time on purpose.
    pub(super) repeated: u64,
}

/// What the gateway says through `/api/stats` and `/metrics`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Events stored.
    pub(super) stored: u64,
    /// Events that came again.
    pub(super) duplicates: u64,
    /// Deliveries done.
    pub(super) done: u64,
    /// Dead letters.
    pub(super) dead: u64,
    /// Deliveries that are neither; none when the sums are made, or they do not come out.
    pub(super) unfinished: u64,
    /// The same, counted one by one as it happened.
    pub(super) metrics: Metrics,
}

/// What `/metrics` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Metrics {
    /// Requests answered as stored.
    pub(super) stored: u64,
    /// Requests answered as duplicates.
    pub(super) duplicates: u64,
    /// Requests refused for their signature.
    pub(super) forged: u64,
    /// Requests refused for their time.
    pub(super) stale: u64,
    /// Requests refused for their size.
    pub(super) too_large: u64,
    /// Attempts to deliver.
    pub(super) attempts: u64,
}

/// What the destination counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arrived {
    /// Attempts that arrived.
    pub(super) attempts: u64,
    /// Of them answered 500 or 503.
    pub(super) failed: u64,
    /// Of them acted upon.
    pub(super) effects: u64,
    /// Of them of an event acted upon before.
    pub(super) repeats: u64,
    /// Of them with a signature that does not verify.
    pub(super) forged: u64,
    /// Events acted upon out of order where order was asked for.
    pub(super) disordered: u64,
}

/// One sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    left: Term,
    right: Vec<Term>,
}

/// A number and whose it is.
type Term = (&'static str, u64);

impl Check {
    /// Says whether the sum is right.
    pub(super) fn holds(&self) -> bool {
        let sum = self.right.iter().map(|(_, count)| count).sum::<u64>();
        self.left.1 == sum
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, count) = self.left;
        write!(f, "{count:>4} {name} = ")?;
        for (place, (name, count)) in self.right.iter().enumerate() {
            let plus = if place == 0 { "" } else { " + " };
            write!(f, "{plus}{count} {name}")?;
        }
        Ok(())
    }
}

/// Writes down every sum that must be right when nothing is under way any more.
pub(super) fn checks(sent: &Sent, told: &Told, arrived: &Arrived) -> Vec<Check> {
    let sums = requests(sent, told).into_iter();
    sums.chain(deliveries(told, arrived))
        .map(|(left, right)| Check { left, right })
        .collect()
}

/// What came in: the senders against the gateway, the gateway's two ways of counting against
/// each other.
fn requests(sent: &Sent, told: &Told) -> Vec<(Term, Vec<Term>)> {
    let metrics = &told.metrics;
    let one = |left, right| (left, vec![right]);
    let stored = ("stored", told.stored);
    let duplicate = ("duplicate", told.duplicates);
    vec![
        (
            ("sent", sent.posts),
            vec![
                stored,
                duplicate,
                ("forged (401)", metrics.forged),
                ("stale (401)", metrics.stale),
                ("too large (413)", metrics.too_large),
            ],
        ),
        (("answered 2xx", sent.accepted), vec![stored, duplicate]),
        one(("sent twice on purpose", sent.repeated), duplicate),
        one(
            ("answered 401 for the signature", sent.forged),
            ("forged, says /metrics", metrics.forged),
        ),
        one(
            ("answered 401 for the time", sent.stale),
            ("stale, says /metrics", metrics.stale),
        ),
        one(
            ("answered 413", sent.too_large),
            ("too large, says /metrics", metrics.too_large),
        ),
        one(
            ("stored, says /api/stats", told.stored),
            ("stored, says /metrics", metrics.stored),
        ),
        one(
            ("duplicate, says /api/stats", told.duplicates),
            ("duplicate, says /metrics", metrics.duplicates),
        ),
    ]
}

/// What went out: the gateway against the destination.
fn deliveries(told: &Told, arrived: &Arrived) -> Vec<(Term, Vec<Term>)> {
    vec![
        (
            ("stored", told.stored),
            vec![("delivered", told.done), ("dead letter", told.dead)],
        ),
        (
            ("delivered", told.done),
            vec![("acted upon by the destination", arrived.effects)],
        ),
        (
            ("attempts, says /metrics", told.metrics.attempts),
            vec![("arrived at the destination", arrived.attempts)],
        ),
        (
            ("arrived", arrived.attempts),
            vec![
                ("acted upon", arrived.effects),
                ("failed", arrived.failed),
                ("repeated", arrived.repeats),
                ("forged", arrived.forged),
            ],
        ),
        (
            ("that should not be", 0),
            vec![
                ("repeated", arrived.repeats),
                ("forged", arrived.forged),
                ("out of order", arrived.disordered),
            ],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> (Sent, Told, Arrived) {
        let sent = Sent {
            posts: 10,
            accepted: 7,
            forged: 1,
            stale: 1,
            too_large: 1,
            repeated: 1,
        };
        let metrics = Metrics {
            stored: 6,
            duplicates: 1,
            forged: 1,
            stale: 1,
            too_large: 1,
            attempts: 12,
        };
        let told = Told {
            stored: 6,
            duplicates: 1,
            done: 5,
            dead: 1,
            unfinished: 0,
            metrics,
        };
        let arrived = Arrived {
            attempts: 12,
            failed: 7,
            effects: 5,
            ..Arrived::default()
        };
        (sent, told, arrived)
    }

    /// Returns the lines that do not add up after `spoil`.
    fn wrong(spoil: impl FnOnce(&mut Sent, &mut Told, &mut Arrived)) -> Vec<String> {
        let (mut sent, mut told, mut arrived) = sound();
        spoil(&mut sent, &mut told, &mut arrived);
        let mut checks = checks(&sent, &told, &arrived);
        checks.retain(|check| !check.holds());
        checks.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn counts_that_agree_add_up() {
        assert_eq!(wrong(|_, _, _| ()), [""; 0]);
    }

    #[test]
    fn an_event_that_was_lost_is_found() {
        let lines = wrong(|_, told, _| told.stored -= 1);
        assert!(
            lines[0].starts_with("  10 sent = 5 stored + 1 duplicate + 1 forged"),
            "{lines:?}"
        );
    }

    #[test]
    fn every_count_that_is_wrong_alone_is_found() {
        let spoils: [fn(&mut Sent, &mut Told, &mut Arrived); 20] = [
            |sent, _, _| sent.posts += 1,
            |sent, _, _| sent.accepted += 1,
            |sent, _, _| sent.forged += 1,
            |sent, _, _| sent.stale += 1,
            |sent, _, _| sent.too_large += 1,
            |sent, _, _| sent.repeated += 1,
            |_, told, _| told.stored += 1,
            |_, told, _| told.duplicates += 1,
            |_, told, _| told.done += 1,
            |_, told, _| told.dead += 1,
            |_, told, _| told.metrics.stored += 1,
            |_, told, _| told.metrics.duplicates += 1,
            |_, told, _| told.metrics.forged += 1,
            |_, told, _| told.metrics.stale += 1,
            |_, told, _| told.metrics.attempts += 1,
            |_, _, arrived| arrived.attempts += 1,
            |_, _, arrived| arrived.effects += 1,
            |_, _, arrived| arrived.failed += 1,
            |_, _, arrived| arrived.repeats += 1,
            |_, _, arrived| arrived.disordered += 1,
        ];
        for (number, spoil) in spoils.into_iter().enumerate() {
            assert!(!wrong(spoil).is_empty(), "no. {number}");
        }
    }
}
