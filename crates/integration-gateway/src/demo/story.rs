//! What happens, in the order it is told.

use std::{io::Write, time::Duration};

use bytes::Bytes;
use integration_core::{Clock as _, Error, ErrorKind, Result, SeededRng, SystemClock};
use integration_webhooks::sign::Signer;
use tokio::time::sleep;

use super::{
    Ending,
    books::Books,
    cast::{self, POISON, Sender},
    ledger::{Arrived, Check, Told, checks},
    pace::Pace,
    screen::{Progress, Screen},
    sender::Answer,
    stage::{MAX_ATTEMPTS, Stage},
    trouble::{self, Trouble},
};
use crate::samples::Sample;

/// How often the gateway is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// Looks between two lines where no bar moves.
const LOOKS_A_LINE: u32 = 10;
/// Looks before what is under way counts as lost.
const MAX_LOOKS: u32 = 200;
/// Which ids are drawn, the same in every demonstration.
const SEED: u64 = 2;

/// Whose event is sent twice: the id is signed, so it cannot be given another.
const REPEATED: &str = "standard-webhooks";

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
    async fn send_events(&mut self) -> Result<(&'static Sender, Sample)> {
        self.screen.heading(
            1,
            "Five senders post signed events",
            "Each signature is checked on the raw bytes, and the event is on disk before the\n   \
             sender is told 200. What was answered is never lost, not even in a power cut.",
        )?;
        let events = cast::events(&self.rng, SystemClock.unix())?;
        self.expected = events.len() as u64 + 1;
        for (number, (sender, sample)) in (1_u32..).zip(&events) {
            let answer = self.post(sender, sample, Duration::ZERO, None).await?;
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
        let repeatable = |(sender, _): &(&Sender, Sample)| sender.scheme == REPEATED;
        let mut events = events.into_iter();
        events.rfind(repeatable).ok_or_else(|| {
            Error::new(ErrorKind::Other, "gateway.demo").with_message("no event to be repeated")
        })
    }

    async fn cause_trouble(&mut self, again: (&'static Sender, Sample)) -> Result<()> {
        self.screen.heading(
            2,
            "Five that are not as they should be",
            "A forged or replayed request must not become an event, and an event that comes\n   \
             twice must not be delivered twice.",
        )?;
        for trouble in trouble::all(&self.rng, SystemClock.unix(), again)? {
            let Trouble {
                what,
                sender,
                sample,
                age,
                changed,
                is_repeated,
                accepted,
            } = trouble;
            let answer = self.post(sender, &sample, age, changed).await?;
            if is_repeated {
                self.books.note_repeated(sender);
            }
            let said = match answer.status {
                200..300 => accepted,
                _ => &*answer.reason,
            };
            let (scheme, status) = (sender.scheme, answer.status);
            let line = format!("   {what:<18} {scheme:<18} {status}  {said}");
            self.screen.line(line)?;
            self.pause().await?;
        }
        Ok(())
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

    /// Signs as of `age` ago and posts; `changed` is what becomes of the body on the way.
    async fn post(
        &mut self,
        sender: &'static Sender,
        sample: &Sample,
        age: Duration,
        changed: Option<Bytes>,
    ) -> Result<Answer> {
        let signer = Signer::new(&sender.scheme()?, &sender.secret())?;
        let headers = sample.sign(&signer, SystemClock.unix().saturating_sub(age))?;
        let body = changed.unwrap_or_else(|| sample.body.clone());
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
        self.pause().await?;
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
