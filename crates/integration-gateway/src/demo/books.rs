//! What the senders write down while they send.

use std::collections::BTreeMap;

use super::{
    cast::{ORDERED, SENDERS, Sender},
    destination::{Seen, order_of},
    ledger::Sent,
    sender::Answer,
    table,
};
use crate::samples::Sample;

/// What was sent and answered, by source, and in which order.
#[derive(Debug, Default)]
pub(super) struct Books {
    sent: BTreeMap<&'static str, Sent>,
    /// Ids of the ordered source's events as sent, by what orders them.
    orders: BTreeMap<String, Vec<String>>,
}

impl Books {
    /// Notes an answer.
    pub(super) fn note(&mut self, sender: &'static Sender, answer: &Answer) {
        let sent = self.sent.entry(sender.scheme).or_default();
        sent.posts += 1;
        match answer.status {
            200..300 => sent.accepted += 1,
            // The gateway says as much and no more to whoever forges.
            401 if answer.reason.contains("timestamp") => sent.stale += 1,
            401 => sent.forged += 1,
            413 => sent.too_large += 1,
            // Whatever else: the sum over all answers will not come out.
            _ => {}
        }
    }

    /// Notes that the last one was sent a second time on purpose.
    pub(super) fn note_repeated(&mut self, sender: &'static Sender) {
        self.sent.entry(sender.scheme).or_default().repeated += 1;
    }

    /// Notes the place of an event that was accepted, where order matters.
    pub(super) fn note_order(&mut self, sender: &'static Sender, sample: &Sample) {
        let (ordered, pointer) = ORDERED;
        let order = order_of(&sample.body, pointer).filter(|_| sender.scheme == ordered);
        if let Some((key, id)) = order {
            self.orders.entry(key).or_default().push(id);
        }
    }

    /// Returns what was sent to all sources.
    pub(super) fn total(&self) -> Sent {
        self.sent.values().fold(Sent::default(), |sum, one| Sent {
            posts: sum.posts + one.posts,
            accepted: sum.accepted + one.accepted,
            forged: sum.forged + one.forged,
            stale: sum.stale + one.stale,
            too_large: sum.too_large + one.too_large,
            repeated: sum.repeated + one.repeated,
        })
    }

    /// Counts events that were acted upon at another place than they were sent at.
    ///
    /// What arrived beyond the events noted, such as a replayed one, has no place to be at.
    pub(super) fn disordered(&self, arrived: &BTreeMap<String, Vec<String>>) -> u64 {
        let wrong = |(key, sent): (&String, &Vec<String>)| {
            let arrived = arrived.get(key).into_iter().flatten();
            let pairs = sent.iter().zip(arrived);
            pairs.filter(|(one, other)| one != other).count() as u64
        };
        self.orders.iter().map(wrong).sum()
    }

    /// Says whose events were accepted, and how many.
    pub(super) fn accepted(&self) -> String {
        let count = |sender: &Sender| {
            let sent = self.sent.get(sender.scheme);
            let accepted = sent.map_or(0, |sent| sent.accepted);
            format!("{accepted} {}", sender.scheme)
        };
        SENDERS.each_ref().map(count).join(", ")
    }

    /// Lays out what each source sent, and what the destination saw of it.
    pub(super) fn table(&self, seen: &BTreeMap<String, Seen>) -> String {
        let row = |sender: &Sender| {
            let sent = self.sent.get(sender.scheme).cloned().unwrap_or_default();
            let seen = seen.get(sender.scheme).cloned().unwrap_or_default();
            let stored = sent.accepted.saturating_sub(sent.repeated);
            let refused = sent.forged + sent.stale + sent.too_large;
            let counts = [sent.posts, stored, sent.repeated, refused];
            let [posts, stored, repeated, refused] = counts.map(|count| count.to_string());
            let counts = [seen.attempts, seen.failed, seen.effects];
            let [attempts, failed, delivered] = counts.map(|count| count.to_string());
            let name = sender.scheme.to_owned();
            [
                name, posts, stored, repeated, refused, attempts, failed, delivered,
            ]
        };
        let heads = [
            "source",
            "sent",
            "stored",
            "duplicate",
            "refused",
            "attempts",
            "failed",
            "delivered",
        ];
        table::render(heads, &SENDERS.each_ref().map(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_overtook_another_is_counted() {
        let orders = |ids: [&str; 3]| {
            let ids = ids.map(str::to_owned).to_vec();
            BTreeMap::from([("cus_1".to_owned(), ids)])
        };
        let books = Books {
            orders: orders(["a", "b", "c"]),
            ..Books::default()
        };
        assert_eq!(books.disordered(&orders(["a", "b", "c"])), 0);
        assert_eq!(books.disordered(&orders(["a", "c", "b"])), 2);
    }

    #[test]
    fn an_answer_nobody_expects_is_counted_as_sent_only() {
        let mut books = Books::default();
        let answer = Answer {
            status: 500,
            reason: String::new(),
        };
        books.note(&SENDERS[0], &answer);
        assert_eq!(
            books.total(),
            Sent {
                posts: 1,
                ..Sent::default()
            }
        );
    }
}
