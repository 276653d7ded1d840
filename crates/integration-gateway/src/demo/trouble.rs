//! What senders, networks and attackers do on a bad day.

use std::time::Duration;

use bytes::Bytes;
use integration_core::{Result, Rng};

use super::{
    cast::{POISON, SENDERS, Sender},
    stage::MAX_BODY_BYTES,
};
use crate::samples::Sample;

/// How old the late delivery is; more than the five minutes a source tolerates.
const STALE: Duration = Duration::from_secs(600);

/// One event that is not as it should be.
#[derive(Debug)]
pub(super) struct Trouble {
    /// What is wrong, in a few words.
    pub(super) what: &'static str,
    pub(super) sender: &'static Sender,
    pub(super) sample: Sample,
    /// How long ago it was signed.
    pub(super) age: Duration,
    /// What becomes of the body on the way.
    pub(super) changed: Option<Bytes>,
    /// Whether it was sent, and accepted, before.
    pub(super) is_repeated: bool,
    /// What an answer of success means.
    pub(super) accepted: &'static str,
}

/// Makes up all of them: four that must not become an event, and one that nobody can handle.
pub(super) fn all(
    rng: &dyn Rng,
    now: Duration,
    (repeater, repeated): (&'static Sender, Sample),
) -> Result<[Trouble; 5]> {
    let [stripe, github, slack, ..] = &SENDERS;
    let make = |what, sender: &'static Sender, event_type| {
        let sample = Sample::new(&sender.scheme()?, event_type, rng, now)?;
        Ok::<_, integration_core::Error>(Trouble::new(what, sender, sample))
    };
    let tampered = make("tampered", stripe, None)?;
    Ok([
        Trouble {
            changed: Some([&tampered.sample.body[..], b" "].concat().into()),
            ..tampered
        },
        Trouble {
            age: STALE,
            ..make("ten minutes old", slack, None)?
        },
        Trouble {
            is_repeated: true,
            accepted: "known already: a success, and not delivered again",
            ..Trouble::new("sent again", repeater, repeated)
        },
        Trouble {
            changed: Some(vec![b' '; MAX_BODY_BYTES + 1].into()),
            ..make("too large", github, None)?
        },
        Trouble {
            accepted: "genuine, so it is stored; its delivery will fail",
            ..make("cannot be handled", stripe, Some(POISON))?
        },
    ])
}

impl Trouble {
    fn new(what: &'static str, sender: &'static Sender, sample: Sample) -> Self {
        Self {
            what,
            sender,
            sample,
            age: Duration::ZERO,
            changed: None,
            is_repeated: false,
            accepted: "this should have been refused",
        }
    }
}
