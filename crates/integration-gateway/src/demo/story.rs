//! What happens, in the order it is told.

use std::{io::Write, time::Duration};

use integration_core::{Clock as _, Result, SeededRng, SystemClock};
use integration_webhooks::sign::Signer;
use tokio::time::sleep;

use super::{
    Ending,
    books::Books,
    cast::{self, POISON, SENDERS, Sender},
    ledger::{Arrived, Check, Told, checks},
    pace::Pace,
    screen::{Progress, Screen},
    sender::Answer,
    stage::{MAX_ATTEMPTS, MAX_BODY_BYTES, Stage},
};
use crate::samples::Sample;

/// How old the late delivery is; more than the five minutes a source tolerates.
const STALE: Duration = Duration::from_secs(600);
/// How often the gateway is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// Looks between two lines where no bar moves.
const LOOKS_A_LINE: u32 = 10;
/// Looks before what is under way counts as lost.
const MAX_LOOKS: u32 = 300;
/// Which ids are drawn, the same in every demonstration.
const SEED: u64 = 2;

const NEXT: &str = "
Try next:
  integration-gateway check --help    a configuration of your own, from an example
  integration-gateway serve           receive, store and deliver with it
  integration-gateway send --scheme stripe --secret env:STRIPE_WEBHOOK_SECRET \\
      --url http://127.0.0.1:8787/in/stripe";

struct Story<'a, W> {
    stage: &'a Stage,
    screen: &'a mut Screen<W>,
    pace: Pace,
    rng: SeededRng,
    books: Books,
    /// Events that are to be stored.
    expected: u64,
}

/// Something that senders, networks and attackers do.
struct Trouble {
    what: &'static str,
    sender: &'static Sender,
    sample: Sample,
    /// How long ago it was signed.
    age: Duration,
    is_tampered: bool,
    /// What to say if it is answered with success.
    accepted: &'static str,
}

impl Trouble {
    fn new(what: &'static str, sender: &'static Sender, sample: Sample) -> Self {
        let (age, is_tampered, accepted) = (Duration::ZERO, false, "this should have been refused");
        Self {
            what,
            sender,
            sample,
            age,
            is_tampered,
            accepted,
        }
    }
}

/// Tells the whole story.
pub(super) async fn tell<W: Write>(
    stage: &Stage,
    screen: &mut Screen<W>,
    pace: Pace,
) -> Result<Ending> {
    let start = SystemClock.now();
    let mut story = Story {
        stage,
        screen,
        pace,
        rng: SeededRng::new(SEED),
        books: Books::default(),
        expected: 0,
    };
    story.introduce()?;
    let last = story.send_events().await?;
    story.cause_trouble(last).await?;
    story.wait_for_deliveries().await?;
    let before = story.sums().await?;
    story.replay().await?;
    let after = story.sums().await?;
    let ending = story.conclude(&before, &after)?;
    let elapsed = SystemClock.now().duration_since(start).as_secs_f64();
    story.screen.line(format_args!("   {elapsed:.1} s"))?;
    if ending == Ending::AddsUp {
        story.screen.line(NEXT)?;
    }
    Ok(ending)
}

impl<W: Write> Story<'_, W> {
    fn introduce(&mut self) -> Result<()> {
        let (gateway, destination) = (self.stage.gateway.public_addr(), &self.stage.destination);
        self.screen.line(format_args!(
            "All of this happens on this machine: senders, gateway, destination.\n\
             \n   gateway      http://{gateway}\
             \n   store        {}, removed at the end\
             \n   destination  http://{}, fails three first attempts of ten,\
             \n                and {POISON} always",
            self.stage.folder.path().display(),
            destination.address(),
        ))
    }

    /// Sends what senders send on a good day; returns one of the events, to be sent again.
    async fn send_events(&mut self) -> Result<Option<(&'static Sender, Sample)>> {
        self.screen.heading(
            1,
            "Five senders post signed events",
            "Each signature is checked on the raw bytes, and the event is on disk before the\n   \
             sender is told 200. What was answered is never lost, not even in a power cut.",
        )?;
        let events = cast::events(&self.rng, SystemClock.unix())?;
        self.expected = events.len() as u64 + 1;
        for (number, (sender, sample)) in (1_u32..).zip(&events) {
            let answer = self.post(sender, sample, Duration::ZERO, false).await?;
            if (200..300).contains(&answer.status) {
                self.books.note_order(sender, sample);
            }
            let progress = self.progress().await?;
            self.screen.show(progress);
            if number % LOOKS_A_LINE == 0 {
                self.screen.say(progress)?;
            }
            sleep(self.pace.event).await;
        }
        self.screen.line(format_args!(
            "   verified and stored: {}",
            self.books.accepted()
        ))?;
        let repeatable = |(sender, _): &(&Sender, Sample)| sender.scheme == "standard-webhooks";
        Ok(events.into_iter().rfind(repeatable))
    }

    async fn cause_trouble(&mut self, again: Option<(&'static Sender, Sample)>) -> Result<()> {
        self.screen.heading(
            2,
            "Five that are not as they should be",
            "A forged or replayed request must not become an event, and an event that comes\n   \
             twice must not be delivered twice.",
        )?;
        let [stripe, github, slack, ..] = &SENDERS;
        let now = SystemClock.unix();
        let make = |sender: &Sender, event_type| {
            Sample::new(&sender.scheme()?, event_type, &self.rng, now)
        };
        let tampered = Trouble::new("tampered", stripe, make(stripe, None)?);
        let stale = Trouble::new("ten minutes old", slack, make(slack, None)?);
        let large = vec![b' '; MAX_BODY_BYTES + 1];
        let large = make(github, None)?.with_body(large);
        let large = Trouble::new("too large", github, large);
        let poison = Trouble::new("cannot be handled", stripe, make(stripe, Some(POISON))?);

        self.cause(Trouble {
            is_tampered: true,
            ..tampered
        })
        .await?;
        self.cause(Trouble {
            age: STALE,
            ..stale
        })
        .await?;
        if let Some((sender, sample)) = again {
            let accepted = "known already: a success, and not delivered again";
            let again = Trouble::new("sent again", sender, sample);
            self.cause(Trouble { accepted, ..again }).await?;
            self.books.note_repeated(sender);
        }
        self.cause(large).await?;
        let accepted = "genuine, so it is stored; its delivery will fail";
        self.cause(Trouble { accepted, ..poison }).await
    }

    async fn cause(&mut self, trouble: Trouble) -> Result<()> {
        let Trouble {
            what,
            sender,
            sample,
            age,
            is_tampered,
            accepted,
        } = &trouble;
        let answer = self.post(sender, sample, *age, *is_tampered).await?;
        let said = match answer.status {
            200..300 => accepted,
            _ => &*answer.reason,
        };
        let (scheme, status) = (sender.scheme, answer.status);
        self.screen
            .line(format_args!("   {what:<18} {scheme:<18} {status}  {said}"))?;
        self.pause().await
    }

    /// Leaves time to read, while the bars go on.
    async fn pause(&mut self) -> Result<()> {
        let end = SystemClock.now() + self.pace.read;
        while SystemClock.now() < end {
            let progress = self.progress().await?;
            self.screen.show(progress);
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Signs as of `age` ago and posts, with one more byte than was signed if tampered with.
    async fn post(
        &mut self,
        sender: &'static Sender,
        sample: &Sample,
        age: Duration,
        is_tampered: bool,
    ) -> Result<Answer> {
        let signer = Signer::new(&sender.scheme()?, &sender.secret())?;
        let headers = sample.sign(&signer, SystemClock.unix().saturating_sub(age))?;
        let body = if is_tampered {
            [&sample.body[..], b" "].concat().into()
        } else {
            sample.body.clone()
        };
        let answer = self.stage.post.send(sender.scheme, &headers, body).await?;
        self.books.note(sender, &answer);
        Ok(answer)
    }

    async fn wait_for_deliveries(&mut self) -> Result<()> {
        self.screen.heading(
            3,
            "What the destination refused is tried again",
            &format!(
                "Each failure doubles the wait. After {MAX_ATTEMPTS} attempts an event is set aside as a dead letter:\n   \
                 it holds up nothing else, and is not lost."
            ),
        )?;
        self.settle().await?;
        sleep(self.pace.read).await;
        let dead = self.stage.admin.stats().await?.dead;
        self.screen.line(format_args!(
            "   {dead} dead letter: {POISON}, failed {MAX_ATTEMPTS} times"
        ))
    }

    async fn replay(&mut self) -> Result<()> {
        self.screen.heading(
            4,
            "The destination is fixed, the dead letter replayed",
            "It carries the same webhook-id as before, so a destination that did act on it in\n   \
             secret would know it.",
        )?;
        self.pause().await?;
        self.stage.destination.fix();
        let count = self.stage.admin.replay_dead().await?;
        self.screen.line(format_args!("   {count} replayed"))?;
        self.settle().await?;
        self.pause().await
    }

    /// Waits until nothing is under way; at most [`MAX_LOOKS`], and the sums will tell.
    async fn settle(&mut self) -> Result<()> {
        for look in 1..=MAX_LOOKS {
            let is_settled = self.stage.admin.stats().await?.unfinished == 0;
            let progress = self.progress().await?;
            self.screen.show(progress);
            if is_settled {
                return self.screen.line(format_args!("   {progress}"));
            }
            if look % LOOKS_A_LINE == 0 {
                self.screen.say(progress)?;
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn progress(&self) -> Result<Progress> {
        let (told, seen) = (
            self.stage.admin.stats().await?,
            self.stage.destination.total(),
        );
        Ok(Progress {
            expected: self.expected,
            stored: told.stored,
            delivered: seen.effects,
            failed: seen.failed,
            dead: told.dead,
        })
    }

    /// Asks all three for their counts.
    async fn sums(&self) -> Result<Vec<Check>> {
        let told: Told = self.stage.admin.everything().await?;
        let seen = self.stage.destination.total();
        let arrived = Arrived {
            attempts: seen.attempts,
            failed: seen.failed,
            effects: seen.effects,
            repeats: seen.repeats,
            forged: seen.forged,
            disordered: self.books.disordered(&self.stage.destination.orders()),
        };
        Ok(checks(&self.books.total(), &told, &arrived))
    }

    fn conclude(&mut self, before: &[Check], after: &[Check]) -> Result<Ending> {
        self.screen.clear();
        self.screen.heading(
            5,
            "The sums",
            "Sender, gateway and destination have each counted for themselves.",
        )?;
        self.screen.line(format_args!(
            "\n{}",
            self.books.table(&self.stage.destination.seen())
        ))?;
        self.screen.line("   before the replay")?;
        let changed = |check: &&Check| !check.holds() || !after.contains(check);
        self.show_checks(before.iter().filter(changed))?;
        self.screen.line("   at the end")?;
        self.show_checks(after.iter())?;
        let mut wrong = before.iter().chain(after).filter(|check| !check.holds());
        Ok(wrong.next().map_or(Ending::AddsUp, |check| {
            Ending::DoesNotAddUp(check.to_string())
        }))
    }

    fn show_checks<'c>(&mut self, checks: impl Iterator<Item = &'c Check>) -> Result<()> {
        for check in checks {
            let verdict = if check.holds() { "ok   " } else { "WRONG" };
            self.screen.line(format_args!("   {verdict} {check}"))?;
        }
        Ok(())
    }
}
