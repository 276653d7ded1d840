//! What the tokens of one connection go through in one process.

use std::{cmp::Ordering, time::Duration};

use integration_core::{
    Rng,
    credentials::{Moment, Rejection},
};
use tokio::time::Instant;

use super::span::Life;
use crate::{connection::ConnectionState, manager::config::LifeConfig};

/// So shortly before their end tokens are not sent while others are on their way, at most a tenth
/// of their lifetime.
const MARGIN: Duration = Duration::from_secs(5);

/// How long a connection that needs a login is believed to need one, before the store is asked.
const CLOSED_LOOK: Duration = Duration::from_secs(1);

/// What callers are told to wait while the store does not take what they would need next.
const UNSAVED_LOOK: Duration = Duration::from_secs(1);

/// What to do with a request that needs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Use the token.
    Use,
    /// Use the token, and send for what is current behind it.
    UseAndFly,
    /// Wait for what is on its way.
    Wait,
    /// Send for what is current, and wait for it.
    Fly,
    /// Fail: what was sent for did not come, and nothing is sent for until then.
    Refuse { until: Instant },
    /// Fail: only a login helps, or nothing.
    Closed,
}

/// How the connection is doing, as far as it concerns its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its tokens are good for something.
    Open,
    /// They are not.
    Closed,
}

impl Stage {
    pub(crate) fn of(state: &ConnectionState) -> Self {
        match state {
            ConnectionState::Active | ConnectionState::Refreshing => Self::Open,
            ConnectionState::NeedsReauth(_)
            | ConnectionState::Revoked
            | ConnectionState::Disconnected => Self::Closed,
        }
    }
}

/// Until when nothing has to be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Until {
    /// A wall clock that shows less was set back.
    pub(crate) from: Duration,
    pub(crate) unix: Duration,
}

/// What is known of a connection, and what is on its way.
///
/// Synchronous; whoever drives it fetches and waits. At most one flight is under way between
/// [`begin`](Self::begin) and [`land`](Self::land).
#[derive(Debug, Default)]
pub(crate) struct Cache {
    held: Option<Held>,
    is_flying: bool,
    /// Tokens are held that the store has not taken yet: what is there is older.
    is_unsaved: bool,
    failures: u32,
    /// The back-off before, for jitter that grows from it.
    delay: Duration,
    retry_at: Option<Instant>,
    looked_at: Option<Instant>,
    forced_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    stage: Stage,
    version: u64,
    life: Life,
    refresh_at: Option<Duration>,
    is_refused: bool,
}

impl Cache {
    /// Decides about a request that is made at this moment. Changes nothing.
    pub(crate) fn decide(&self, at: Moment, config: &LifeConfig) -> Decision {
        let hindered = self.retry_at.filter(|until| at.now < *until);
        let Some(held) = &self.held else {
            return self.without(hindered);
        };
        if held.stage == Stage::Closed {
            return self.closed(at);
        }
        if held.is_refused || held.has_ended(at.unix) {
            let busy = self.is_unsaved.then(|| at.now + UNSAVED_LOOK);
            return self.without(busy.or(hindered));
        }
        let wants = held.is_due(at.unix) || self.must_look(at, config);
        match (wants, self.is_flying, hindered) {
            _ if self.is_unsaved => Decision::Use,
            (true, is_flying, None) if held.is_due(at.unix) && held.is_last(at.unix) => {
                if is_flying {
                    Decision::Wait
                } else {
                    Decision::Fly
                }
            }
            (true, false, None) => Decision::UseAndFly,
            _ => Decision::Use,
        }
    }

    fn without(&self, hindered: Option<Instant>) -> Decision {
        match (self.is_flying, hindered) {
            (true, _) => Decision::Wait,
            (false, Some(until)) => Decision::Refuse { until },
            (false, None) => Decision::Fly,
        }
    }

    fn closed(&self, at: Moment) -> Decision {
        let is_new = self
            .looked_at
            .is_some_and(|then| at.now < then + CLOSED_LOOK);
        match (is_new, self.is_flying) {
            (true, _) => Decision::Closed,
            (false, true) => Decision::Wait,
            (false, false) => Decision::Fly,
        }
    }

    fn must_look(&self, at: Moment, config: &LifeConfig) -> bool {
        self.looked_at
            .is_none_or(|then| at.now >= then + config.look_interval)
    }

    /// Tells whether what is held should be replaced: it is due, was refused, or has ended.
    pub(crate) fn wants_replacement(&self, at: Moment) -> bool {
        self.held.as_ref().is_some_and(|held| {
            let is_wanted = held.is_refused || held.is_due(at.unix) || held.has_ended(at.unix);
            held.stage == Stage::Open && !self.is_unsaved && is_wanted
        })
    }

    /// Notes that somebody sets out for what is current.
    pub(crate) fn begin(&mut self) {
        self.is_flying = true;
    }

    /// Takes in what the store holds, or a refresh brought. What is older than what is held, or the
    /// same, changes nothing but the time at which it was looked at.
    pub(crate) fn adopt(
        &mut self,
        version: u64,
        stage: Stage,
        life: Life,
        at: Moment,
        config: &LifeConfig,
        rng: &dyn Rng,
    ) -> bool {
        self.looked_at = Some(at.now);
        // The store knows better than what it has not taken.
        let is_old = |held: &Held| match held.version.cmp(&version) {
            Ordering::Less => false,
            Ordering::Equal => !self.is_unsaved,
            Ordering::Greater => true,
        };
        if self.held.as_ref().is_some_and(is_old) {
            return false;
        }
        self.held = Some(Held {
            stage,
            version,
            life,
            refresh_at: life.refresh_at(config, rng.fraction()),
            is_refused: false,
        });
        self.is_unsaved = false;
        self.succeed();
        true
    }

    /// Forgets everything about a connection that is there no more.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            is_flying: self.is_flying,
            ..Self::default()
        };
    }

    /// Notes that nothing hinders a refresh any more.
    pub(crate) fn succeed(&mut self) {
        self.failures = 0;
        self.delay = Duration::ZERO;
        self.retry_at = None;
    }

    /// Notes whether the tokens that are held are in the store.
    pub(crate) fn set_unsaved(&mut self, is_unsaved: bool) {
        self.is_unsaved = is_unsaved;
    }

    /// Notes that what was sent for did not come, and returns after what time it is sent for again:
    /// at least `hint`.
    pub(crate) fn fail(
        &mut self,
        now: Instant,
        hint: Option<Duration>,
        config: &LifeConfig,
        rng: &dyn Rng,
    ) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.delay = config.backoff.delay(self.failures, self.delay, rng);
        let most = config.config_backoff.cap().max(config.backoff.cap());
        let wait = self.delay.max(hint.unwrap_or_default().min(most));
        self.retry_at = Some(now + wait);
        wait
    }

    /// Notes that whoever set out is back, with whatever.
    pub(crate) fn land(&mut self) {
        self.is_flying = false;
    }

    /// Notes that an API refused the token of this version.
    ///
    /// Only the current one is given up for it, if it can be replaced, and not more often than
    /// [`LifeConfig::forced_interval`]: an API that refuses every token would else have one bought
    /// for every call.
    pub(crate) fn refuse(&mut self, version: u64, at: Moment, config: &LifeConfig) -> Rejection {
        let Some(held) = &mut self.held else {
            return Rejection::TryAgain;
        };
        if held.version != version || held.is_refused {
            return Rejection::TryAgain;
        }
        let next = self.forced_at.map(|then| then + config.forced_interval);
        if next.is_some_and(|next| at.now < next) || !held.life.renewal.is_possible(at.unix) {
            return Rejection::Final;
        }
        held.is_refused = true;
        self.forced_at = Some(at.now);
        Rejection::TryAgain
    }

    /// Returns until when [`decide`](Self::decide) says [`Decision::Use`] unless something else
    /// happens, or `None` when it does not say so now.
    ///
    /// What is measured on the other clock is carried over to this one, so that the way of most
    /// calls reads one clock only.
    pub(crate) fn settled_until(&self, at: Moment, config: &LifeConfig) -> Option<Until> {
        if self.decide(at, config) != Decision::Use {
            return None;
        }
        let held = self.held.as_ref()?;
        let end = held.life.ends_at();
        let on_wall = |then: Instant| at.unix + then.saturating_duration_since(at.now);
        let retry = self.retry_at.map(on_wall).filter(|retry| *retry > at.unix);
        let look = self
            .looked_at
            .map(|then| on_wall(then + config.look_interval));
        let next = if self.is_unsaved {
            None
        } else if self.is_flying {
            held.last_at()
        } else if retry.is_some() {
            retry
        } else {
            [held.refresh_at, look].into_iter().flatten().min()
        };
        let unix = [end, next].into_iter().flatten().min();
        Some(Until {
            from: at.unix,
            unix: unix.unwrap_or(Duration::MAX),
        })
    }

    /// Returns the version that is held.
    pub(crate) fn version(&self) -> Option<u64> {
        self.held.as_ref().map(|held| held.version)
    }

    pub(crate) fn is_flying(&self) -> bool {
        self.is_flying
    }
}

impl Held {
    fn has_ended(&self, unix: Duration) -> bool {
        self.life.ends_at().is_some_and(|end| unix >= end)
    }

    /// Tokens that cannot be replaced are never due: they end.
    fn is_due(&self, unix: Duration) -> bool {
        self.life.renewal.is_possible(unix) && self.refresh_at.is_some_and(|due| unix >= due)
    }

    /// Whether a request could come too late with the token.
    fn is_last(&self, unix: Duration) -> bool {
        self.last_at().is_some_and(|last| unix >= last)
    }

    fn last_at(&self) -> Option<Duration> {
        let end = self.life.ends_at()?;
        let lifetime = end.saturating_sub(self.life.obtained_at);
        Some(end.saturating_sub(MARGIN.min(lifetime / 10)))
    }
}
