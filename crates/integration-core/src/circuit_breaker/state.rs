//! The state machine of the breaker.

use std::{fmt, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{CircuitBreakerConfig, window::Window};
use crate::{
    admission::Denied,
    error::{Health, Result},
    rng::Rng,
};

/// Part of an open time that is left to chance, so that many breakers do not probe in step.
const OPEN_JITTER: f64 = 0.2;

/// Refuses calls while a service does not work. See the [module](super).
pub struct CircuitBreaker {
    config: CircuitBreakerConfig,
    rng: Arc<dyn Rng>,
    state: Mutex<State>,
}

/// Whether calls pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CircuitState {
    /// They pass, and their results are counted.
    Closed,
    /// They are refused.
    Open,
    /// A few pass, to find out.
    HalfOpen,
}

/// What a result did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settled {
    /// It was counted; the circuit is as it was.
    Counted,
    /// It was neutral and was not counted.
    Neutral,
    /// It changed the circuit to this state.
    Changed(CircuitState),
    /// It belongs to an older generation and was ignored.
    Stale,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Counts changes of phase; a result counts only in the generation that admitted its call.
    generation: u64,
    /// Openings since the circuit was last closed.
    trips: u32,
    window: Window,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Open {
        until: Instant,
    },
    /// `running + succeeded` never exceeds the configured probes.
    HalfOpen {
        running: u16,
        succeeded: u16,
    },
}

impl CircuitBreaker {
    /// Creates a closed breaker.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the configuration is not valid.
    pub fn new(config: CircuitBreakerConfig, rng: Arc<dyn Rng>) -> Result<Self> {
        Ok(Self::from_valid(config.validate()?, rng))
    }

    /// Creates a closed breaker from a configuration that has been validated.
    pub(crate) fn from_valid(config: CircuitBreakerConfig, rng: Arc<dyn Rng>) -> Self {
        let window = Window::new(config.window);
        let state = State {
            phase: Phase::Closed,
            generation: 0,
            trips: 0,
            window,
        };
        Self {
            config,
            rng,
            state: Mutex::new(state),
        }
    }

    /// Tells whether [`admit`](Self::admit) would refuse now, and changes nothing.
    ///
    /// # Errors
    ///
    /// [`Denied`] as `admit` would give it.
    pub fn peek(&self, now: Instant) -> Result<(), Denied> {
        self.state.lock().check(now, self.config.probes)
    }

    /// Lets one call pass, which must be settled with its result.
    ///
    /// # Errors
    ///
    /// [`Denied`] while the circuit is open, or half open with all probes under way. The latter
    /// depends on them and has no time.
    pub fn admit(self: &Arc<Self>, now: Instant) -> Result<Permit, Denied> {
        let mut state = self.state.lock();
        state.check(now, self.config.probes)?;
        let mut changed = None;
        if let Phase::Open { .. } = state.phase {
            state.change(Phase::HalfOpen {
                running: 0,
                succeeded: 0,
            });
            changed = Some(CircuitState::HalfOpen);
        }
        if let Phase::HalfOpen { running, .. } = &mut state.phase {
            *running += 1;
        }
        let generation = Some(state.generation);
        Ok(Permit {
            breaker: Arc::clone(self),
            generation,
            changed,
        })
    }

    /// Returns the state at `now`. An open circuit whose time is over counts as half open.
    #[must_use]
    pub fn state(&self, now: Instant) -> CircuitState {
        match self.state.lock().phase {
            Phase::Closed => CircuitState::Closed,
            Phase::Open { until } if now < until => CircuitState::Open,
            Phase::Open { .. } | Phase::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }

    fn settle(&self, generation: u64, health: Health, now: Instant) -> Settled {
        let mut state = self.state.lock();
        if state.generation != generation {
            return Settled::Stale;
        }
        match (&mut state.phase, health) {
            (Phase::HalfOpen { running, .. }, Health::Neutral) => {
                *running -= 1;
                Settled::Neutral
            }
            (_, Health::Neutral) => Settled::Neutral,
            (Phase::HalfOpen { running, succeeded }, Health::Success) => {
                *running -= 1;
                *succeeded += 1;
                if *succeeded < self.config.probes {
                    return Settled::Counted;
                }
                state.trips = 0;
                state.change(Phase::Closed);
                Settled::Changed(CircuitState::Closed)
            }
            (Phase::HalfOpen { .. }, Health::Failure) => self.open(&mut state, now),
            (Phase::Closed | Phase::Open { .. }, _) => {
                state.window.push(health == Health::Failure);
                if health == Health::Failure
                    && state
                        .window
                        .failed(self.config.min_throughput, self.config.failure_rate)
                {
                    return self.open(&mut state, now);
                }
                Settled::Counted
            }
        }
    }

    fn open(&self, state: &mut State, now: Instant) -> Settled {
        let open_for = self.open_for(state.trips);
        state.trips = state.trips.saturating_add(1);
        state.change(Phase::Open {
            until: now + open_for,
        });
        Settled::Changed(CircuitState::Open)
    }

    /// Doubles with every opening up to the cap, then takes up to [`OPEN_JITTER`] off.
    fn open_for(&self, earlier: u32) -> Duration {
        let factor = 1_u32.checked_shl(earlier).unwrap_or(u32::MAX);
        let full = self
            .config
            .open_for
            .saturating_mul(factor)
            .min(self.config.max_open_for);
        full.mul_f64(1.0 - OPEN_JITTER * self.rng.fraction())
    }
}

impl State {
    fn check(&self, now: Instant, probes: u16) -> Result<(), Denied> {
        match self.phase {
            Phase::Open { until } if now < until => Err(Denied::until(until)),
            Phase::HalfOpen { running, succeeded } if running + succeeded >= probes => {
                Err(Denied::unknown())
            }
            Phase::Closed | Phase::Open { .. } | Phase::HalfOpen { .. } => Ok(()),
        }
    }

    fn change(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
        self.window.clear();
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// One admitted call. Dropped without a result, it is neutral and frees its probe.
#[derive(Debug)]
#[must_use = "dropping it at once says that the call had no result"]
pub struct Permit {
    breaker: Arc<CircuitBreaker>,
    /// Taken when settled.
    generation: Option<u64>,
    changed: Option<CircuitState>,
}

impl Permit {
    /// Returns the state that this admission changed the circuit to: half open for the first probe.
    #[must_use]
    pub fn changed(&self) -> Option<CircuitState> {
        self.changed
    }

    /// Reports the result of the call.
    pub fn settle(mut self, health: Health, now: Instant) -> Settled {
        match self.generation.take() {
            Some(generation) => self.breaker.settle(generation, health, now),
            None => Settled::Stale,
        }
    }

    fn release(&mut self) {
        let Some(generation) = self.generation.take() else {
            return;
        };
        let mut state = self.breaker.state.lock();
        if state.generation == generation
            && let Phase::HalfOpen { running, .. } = &mut state.phase
        {
            *running -= 1;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.release();
    }
}
