//! The state machine of the breaker.

use std::{fmt, sync::Arc, time::Duration};

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::{
    CircuitBreakerConfig, CircuitMode, CircuitState, CircuitWindow, Permit, Settled,
    config::CallResult,
    gate::{AtomicGate, Gate, Waiting, Way},
    permit::Pass,
    window::{Horizon, Window},
};
use crate::{
    admission::Denied,
    error::{Health, Result},
    rng::Rng,
};

/// Part of an open time that is left to chance, so that many breakers do not probe in step.
const OPEN_JITTER: f64 = 0.2;

/// Refuses calls while a service does not work. See the [module](super).
pub struct CircuitBreaker {
    pub(super) config: CircuitBreakerConfig,
    rng: Arc<dyn Rng>,
    /// It is read by everyone; its generation changes only under the lock of `state`.
    gate: AtomicGate,
    /// It changes only under the lock of `state`.
    horizon: Horizon,
    /// To see the results too, take [`lock`](Self::lock).
    pub(super) state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) mode: CircuitMode,
    pub(super) phase: Phase,
    /// Openings since the circuit was last closed.
    pub(super) trips: u32,
    /// Calls refused, or that would have been.
    pub(super) refused: u64,
    pub(super) window: Window,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
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
        let state = State {
            mode: config.mode,
            phase: Phase::Closed,
            trips: 0,
            refused: 0,
            window: Window::new(config.window),
        };
        Self {
            gate: AtomicGate::new(state.way()),
            horizon: Horizon::new(config.window),
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
    #[inline]
    pub fn peek(&self, now: Instant) -> Result<(), Denied> {
        match self.gate.read().way() {
            Way::Free | Way::Uncounted => Ok(()),
            Way::Guarded => self.peek_guarded(now),
        }
    }

    /// Lets one call pass, which must be settled with its result.
    ///
    /// # Errors
    ///
    /// [`Denied`] while the circuit is open, or half open with all probes under way, or forced
    /// open. The latter two depend on others and have no time.
    pub fn admit(self: &Arc<Self>, now: Instant) -> Result<Permit, Denied> {
        let pass = self.enter(now)?;
        Ok(Permit::new(Arc::clone(self), pass, now))
    }

    /// Lets one call pass, as [`admit`](Self::admit) does, without a guard that settles it on drop.
    #[inline]
    pub(crate) fn enter(&self, now: Instant) -> Result<Pass, Denied> {
        let gate = self.gate.read();
        match gate.way() {
            Way::Free | Way::Uncounted => Ok(Pass::through(gate)),
            Way::Guarded => self.enter_guarded(now),
        }
    }

    /// Reports the result of a call that took `elapsed`.
    #[inline]
    pub(crate) fn settle_pass(
        &self,
        pass: Pass,
        health: Health,
        elapsed: Duration,
        now: Instant,
    ) -> Settled {
        match (pass.gate.way(), health) {
            (Way::Uncounted, _) => return Settled::Uncounted,
            (_, Health::Neutral) => return self.settle_neutral(pass),
            _ => {}
        }
        let result = CallResult {
            failed: health == Health::Failure,
            slow: self
                .config
                .slow_call_after
                .is_some_and(|after| elapsed >= after),
        };
        if pass.gate.way() == Way::Free && !result.is_bad() && self.horizon.is_after(now) {
            match self.gate.add_good(pass.gate) {
                Waiting::Added => return Settled::Counted,
                Waiting::Stale => return Settled::Stale,
                Waiting::Full => {}
            }
        }
        self.settle_locked(pass, result, now)
    }

    /// Counts a call that was not made because of what [`peek`](Self::peek) said.
    pub(crate) fn count_refused(&self) {
        self.state.lock().refused += 1;
    }

    /// Whether it matters when, or after how long, a call succeeded.
    #[inline]
    pub(crate) const fn times_successes(&self) -> bool {
        matches!(self.config.window, CircuitWindow::Time(_))
            || self.config.slow_call_after.is_some()
    }

    /// Takes back a pass whose call has no result; a probe's slot is free again.
    #[inline]
    pub(crate) fn release(&self, pass: Pass) {
        // Only probes hold something.
        if pass.gate.way() == Way::Guarded {
            self.settle_neutral(pass);
        }
    }

    /// Locks the state and takes the good results that wait into its window.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        state.window.push_good(self.gate.take_good());
        state
    }

    #[cold]
    fn peek_guarded(&self, now: Instant) -> Result<(), Denied> {
        let state = self.state.lock();
        match state.mode {
            CircuitMode::MetricsOnly => Ok(()),
            _ => state.check(now, self.config.probes),
        }
    }

    #[cold]
    fn enter_guarded(&self, now: Instant) -> Result<Pass, Denied> {
        let mut state = self.state.lock();
        if let Err(denied) = state.check(now, self.config.probes) {
            state.refused += 1;
            return match state.mode {
                CircuitMode::MetricsOnly => Ok(Pass::through(Gate::first(Way::Uncounted))),
                _ => Err(denied),
            };
        }
        let mut changed = None;
        if let Phase::Open { .. } = state.phase {
            let (running, succeeded) = (0, 0);
            self.change(&mut state, Phase::HalfOpen { running, succeeded });
            changed = Some(CircuitState::HalfOpen);
        }
        if let Phase::HalfOpen { running, .. } = &mut state.phase {
            *running += 1;
        }
        // Read again: it may be another than the one that was found guarded.
        let gate = self.gate.read();
        Ok(Pass { gate, changed })
    }

    fn settle_locked(&self, pass: Pass, result: CallResult, now: Instant) -> Settled {
        let mut state = self.lock();
        if self.gate.read() != pass.gate {
            return Settled::Stale;
        }
        if let Phase::HalfOpen { running, succeeded } = state.phase {
            return self.settle_probe(&mut state, running, succeeded, result, now);
        }
        let tally = state.window.push(result, now);
        self.horizon.follow(&state.window, now);
        if result.is_bad() && self.config.opens(result, tally) {
            return self.open(&mut state, now);
        }
        Settled::Counted
    }

    fn settle_neutral(&self, pass: Pass) -> Settled {
        if pass.gate.way() == Way::Free {
            return match self.gate.read() == pass.gate {
                true => Settled::Neutral,
                false => Settled::Stale,
            };
        }
        let mut state = self.state.lock();
        if self.gate.read() != pass.gate {
            return Settled::Stale;
        }
        if let Phase::HalfOpen { running, .. } = &mut state.phase {
            *running = running.saturating_sub(1);
        }
        Settled::Neutral
    }

    /// A probe must succeed, and must not be slow.
    #[cold]
    fn settle_probe(
        &self,
        state: &mut State,
        running: u16,
        succeeded: u16,
        result: CallResult,
        now: Instant,
    ) -> Settled {
        if result.is_bad() {
            return self.open(state, now);
        }
        let succeeded = succeeded + 1;
        if succeeded < self.config.probes {
            let running = running.saturating_sub(1);
            state.phase = Phase::HalfOpen { running, succeeded };
            return Settled::Counted;
        }
        state.trips = 0;
        self.change(state, Phase::Closed);
        Settled::Changed(CircuitState::Closed)
    }

    #[cold]
    fn open(&self, state: &mut State, now: Instant) -> Settled {
        let until = now + self.open_for(state.trips);
        state.trips = state.trips.saturating_add(1);
        self.change(state, Phase::Open { until });
        Settled::Changed(CircuitState::Open)
    }

    /// Starts a new generation. The lock is held: `state` is behind it.
    pub(super) fn change(&self, state: &mut State, phase: Phase) {
        state.phase = phase;
        state.window.clear();
        // Before the gate: who comes through the next one must find it closed.
        self.horizon.close();
        self.gate.advance(state.way());
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
        match (self.mode, self.phase) {
            (CircuitMode::ForcedOpen, _) => Err(Denied::unknown()),
            (_, Phase::Open { until }) if now < until => Err(Denied::until(until)),
            (_, Phase::HalfOpen { running, succeeded }) if running + succeeded >= probes => {
                Err(Denied::unknown())
            }
            _ => Ok(()),
        }
    }

    fn way(&self) -> Way {
        match (self.mode, self.phase) {
            (CircuitMode::Disabled, _) => Way::Uncounted,
            (CircuitMode::Automatic | CircuitMode::MetricsOnly, Phase::Closed) => Way::Free,
            _ => Way::Guarded,
        }
    }

    pub(super) fn shown(&self, now: Instant) -> CircuitState {
        match self.mode {
            CircuitMode::ForcedOpen => CircuitState::Open,
            _ => self.phase.shown(now),
        }
    }
}

impl Phase {
    pub(super) fn shown(self, now: Instant) -> CircuitState {
        match self {
            Self::Closed => CircuitState::Closed,
            Self::Open { until } if now < until => CircuitState::Open,
            Self::Open { .. } | Self::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
