//! What one process holds of one connection.

mod flight;
mod map;

use std::{fmt, sync::Arc, time::Duration};

use integration_core::{
    Error, Result, Rng,
    credentials::{Moment, Rejection},
};
use parking_lot::{Mutex, MutexGuard, RwLock};

pub(super) use self::{
    flight::{Flight, Landing, Unheard},
    map::Cells,
};
use super::{
    access::{AccessToken, Held},
    config::LifeConfig,
    inner::Inner,
    life::{Cache, Decision, Stage, Until},
    refresher::Refresher,
};
use crate::connection::ConnectionKey;

/// What one process holds of one connection.
pub(super) struct Cell {
    pub(super) key: ConnectionKey,
    pub(super) refresher: Arc<dyn Refresher>,
    /// What most calls need and no more; empty while there is something to decide.
    ready: RwLock<Option<Ready>>,
    /// Taken before `ready` where both are.
    known: Mutex<Known>,
}

struct Ready {
    held: Arc<Held>,
    until: Until,
}

#[derive(Default)]
struct Known {
    cache: Cache,
    held: Option<Arc<Held>>,
    /// While something is on its way.
    flight: Option<Flight>,
    /// Why the last flight failed.
    error: Option<Error>,
    /// Which token an API refused.
    refused: Option<Refused>,
}

/// A token that an API refused: the main one, or a further one of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) version: u64,
    pub(super) name: Option<String>,
}

/// What a call does next.
pub(super) enum Step {
    Use(Arc<Held>),
    UseAndLaunch(Arc<Held>, Landing),
    Wait(Flight),
    LaunchAndWait(Landing, Flight),
    Fail(Error),
}

/// What a flight wants to know of the tokens that a version brought.
#[derive(Debug)]
pub(super) struct View {
    pub(super) held: Arc<Held>,
    /// Whether they are to be replaced.
    pub(super) wants_replacement: bool,
    pub(super) refused: Option<Refused>,
}

impl Cell {
    pub(super) fn new(key: ConnectionKey, refresher: Arc<dyn Refresher>) -> Self {
        Self {
            key,
            refresher,
            ready: RwLock::default(),
            known: Mutex::default(),
        }
    }

    /// Returns a token if that takes no deciding and no waiting.
    pub(super) fn ready(&self, name: Option<&str>, unix: Duration) -> Option<AccessToken> {
        // Never waits: whoever changes it holds the lock that the slow way takes.
        let ready = self.ready.try_read()?;
        let ready = ready.as_ref()?;
        if unix >= ready.until.unix || unix < ready.until.from {
            return None;
        }
        match name {
            None => ready.held.token(None).cloned(),
            // It may have ended by itself.
            Some(_) => ready.held.pick(&self.key, name, unix).ok(),
        }
    }

    /// Decides what a call does next.
    pub(super) fn step(&self, inner: &Inner) -> Step {
        let at = inner.moment();
        let mut known = self.known.lock();
        let decision = known.cache.decide(at, &inner.config);
        let step = match (decision, known.held.clone()) {
            (Decision::Use | Decision::Closed, Some(held)) => Step::Use(held),
            (Decision::UseAndFly, Some(held)) => {
                let (_, landing) = known.launch();
                Step::UseAndLaunch(held, landing)
            }
            (Decision::Refuse { until }, _) => {
                let wait = until.saturating_duration_since(at.now);
                Step::Fail(super::errors::refusal(known.error.as_ref(), wait))
            }
            (Decision::Wait, _) if let Some(flight) = known.flight.clone() => Step::Wait(flight),
            _ => {
                let (flight, landing) = known.launch();
                Step::LaunchAndWait(landing, flight)
            }
        };
        self.publish(&known, at, &inner.config);
        step
    }

    /// Returns the token at hand if it works still, and what lands the flight for those who come
    /// from now on.
    pub(super) fn relay(&self, inner: &Inner) -> Option<(Arc<Held>, Landing)> {
        let at = inner.moment();
        let mut known = self.known.lock();
        if known.cache.decide(at, &inner.config) != Decision::Use {
            return None;
        }
        let held = known.held.clone()?;
        let (flight, landing) = flight::flight();
        known.flight = Some(flight);
        Some((held, landing))
    }

    /// Returns the token at hand if it works, whatever has failed.
    pub(super) fn usable(&self, inner: &Inner) -> Option<Arc<Held>> {
        let at = inner.moment();
        let known = self.known.lock();
        let decision = known.cache.decide(at, &inner.config);
        let is_usable = matches!(decision, Decision::Use | Decision::UseAndFly);
        known.held.clone().filter(|_| is_usable)
    }

    /// Begins a flight unless there is one.
    pub(super) fn launch(&self, inner: &Inner) -> Option<(Landing, Flight)> {
        let mut known = self.known.lock();
        if known.cache.is_flying() {
            return None;
        }
        let (flight, landing) = known.launch();
        self.publish(&known, inner.moment(), &inner.config);
        Some((landing, flight))
    }

    /// Notes that an API refused a token.
    pub(super) fn refuse(&self, inner: &Inner, refused: Refused) -> Rejection {
        let at = inner.moment();
        let mut known = self.known.lock();
        let rejection = known.cache.refuse(refused.version, at, &inner.config);
        if rejection == Rejection::TryAgain && known.cache.version() == Some(refused.version) {
            known.refused.get_or_insert(refused);
        }
        self.publish(&known, at, &inner.config);
        rejection
    }

    /// Takes in a version of the connection. Older ones than that at hand change nothing.
    pub(super) fn adopt(&self, inner: &Inner, held: &Arc<Held>) -> Result<()> {
        let life = match &held.dated {
            Some(dated) => inner.life(&self.key, dated)?,
            None => Inner::no_life(),
        };
        let stage = Stage::of(&held.state);
        let at = inner.moment();
        let mut known = self.known.lock();
        let (config, rng) = (&inner.config, &*inner.rng);
        if known
            .cache
            .adopt(held.version, stage, life, at, config, rng)
        {
            known.held = Some(Arc::clone(held));
            known.error = None;
            known.refused = None;
        }
        self.publish(&known, at, config);
        Ok(())
    }

    /// Notes whether what is at hand is in the store as well.
    pub(super) fn set_unsaved(&self, inner: &Inner, is_unsaved: bool) {
        let mut known = self.known.lock();
        known.cache.set_unsaved(is_unsaved);
        self.publish(&known, inner.moment(), &inner.config);
    }

    /// Returns what is at hand, and whether it is to be replaced.
    pub(super) fn view(&self, inner: &Inner) -> Option<View> {
        let at = inner.moment();
        let known = self.known.lock();
        let held = known.held.clone()?;
        Some(View {
            wants_replacement: known.cache.wants_replacement(at),
            held,
            refused: known.refused.clone(),
        })
    }

    /// Ends a flight, tells how it went, and returns whether callers go on with what is at hand.
    pub(super) fn land(&self, inner: &Inner, failed: Option<&Error>) -> bool {
        let at = inner.moment();
        let mut known = self.known.lock();
        known.land();
        match failed {
            Some(error) => known.fail(at, error, &inner.config, &*inner.rng),
            // What was bought has ended already: not to be done again at once.
            None if known.cache.wants_replacement(at) => {
                let error = super::errors::stillborn();
                known.fail(at, &error, &inner.config, &*inner.rng);
            }
            None => known.cache.succeed(),
        }
        self.publish(&known, at, &inner.config);
        known.cache.decide(at, &inner.config) == Decision::Use
    }

    /// Ends a flight that was broken off: the next may begin at once.
    pub(super) fn abandon(&self, inner: &Inner) {
        let mut known = self.known.lock();
        known.land();
        self.publish(&known, inner.moment(), &inner.config);
    }

    /// Forgets a connection that is there no more.
    pub(super) fn forget(&self, inner: &Inner) {
        let mut known = self.known.lock();
        known.cache.forget();
        known.held = None;
        known.refused = None;
        self.publish(&known, inner.moment(), &inner.config);
    }

    /// Puts the token at hand for as long as nothing has to be decided.
    fn publish(&self, known: &MutexGuard<'_, Known>, at: Moment, config: &LifeConfig) {
        let until = known.cache.settled_until(at, config);
        let ready = until.zip(known.held.clone());
        *self.ready.write() = ready.map(|(until, held)| Ready { held, until });
    }
}

impl Known {
    fn launch(&mut self) -> (Flight, Landing) {
        let (flight, landing) = flight::flight();
        self.cache.begin();
        self.flight = Some(flight.clone());
        (flight, landing)
    }

    fn land(&mut self) {
        self.cache.land();
        self.flight = None;
    }

    fn fail(&mut self, at: Moment, error: &Error, config: &LifeConfig, rng: &dyn Rng) {
        self.cache.fail(at.now, error.retry_after(), config, rng);
        self.error = Some(error.clone());
    }
}

impl fmt::Debug for Cell {
    /// Shows what state the tokens are in, not the tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Cell");
        shown.field("key", &self.key);
        match self.known.try_lock() {
            Some(known) => shown.field("cache", &known.cache),
            None => shown.field("cache", &format_args!("<locked>")),
        };
        shown.finish_non_exhaustive()
    }
}
