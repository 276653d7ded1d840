//! The state machine of one service. It takes `now`, never waits and never reads a clock.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    HealthConfig, HealthStatus,
    HealthStatus::{Degraded, Down, Up},
    Why,
};
use crate::{
    circuit_breaker::CircuitState,
    error::{ErrorKind, Health},
};

/// Something that was learnt about a service.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fact {
    Circuit(CircuitState),
    Paused(Duration),
    /// An attempt ended; `None` for success.
    Attempt(Option<ErrorKind>),
    /// A check ended; `None` for success.
    Checked(Option<ErrorKind>),
}

/// Status and reason.
type Verdict = (HealthStatus, Option<Why>);

/// One service.
#[derive(Debug)]
pub(super) struct Service {
    circuit: CircuitState,
    paused_until: Option<Instant>,
    /// Failed attempts of the window that began at `window_at`, and all of them.
    failed: u32,
    ended: u32,
    window_at: Instant,
    /// Until when many attempts count as failing, and how the latest failed.
    failing: Option<(Instant, ErrorKind)>,
    /// Failed checks in a row, and how the latest failed.
    checks_failed: u32,
    check_kind: ErrorKind,
    /// What is told.
    told: Verdict,
    since: Instant,
    /// Since when it is better than what is told, and the worst since then.
    better: Option<(Instant, Verdict)>,
    /// Threads may come with instants in the wrong order; time does not run backwards here.
    seen: Instant,
}

impl Service {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            circuit: CircuitState::Closed,
            paused_until: None,
            failed: 0,
            ended: 0,
            window_at: now,
            failing: None,
            checks_failed: 0,
            check_kind: ErrorKind::Other,
            told: (Up, None),
            since: now,
            better: None,
            seen: now,
        }
    }

    pub(super) const fn told(&self) -> (HealthStatus, Option<Why>, Instant) {
        (self.told.0, self.told.1, self.since)
    }

    /// Takes in what was learnt.
    pub(super) fn learn(&mut self, fact: Fact, config: &HealthConfig, now: Instant) {
        let now = self.advance(config, now);
        match fact {
            Fact::Circuit(to) => {
                self.circuit = to;
                // Its probes are the better measure.
                if to == CircuitState::Closed {
                    self.failing = None;
                    self.start_window(now);
                }
            }
            Fact::Paused(wait) => {
                let until = now + wait.min(crate::pause::MAX_PAUSE);
                self.paused_until = self.paused_until.max(Some(until));
            }
            Fact::Attempt(kind) => self.count(kind, config, now),
            Fact::Checked(None) => self.checks_failed = 0,
            Fact::Checked(Some(kind)) => {
                self.checks_failed = self.checks_failed.saturating_add(1);
                self.check_kind = kind;
            }
        }
        self.tell(config, now);
    }

    /// Lets time pass, step by step: what ended between two looks counts from its end.
    pub(super) fn advance(&mut self, config: &HealthConfig, now: Instant) -> Instant {
        let now = now.max(self.seen);
        loop {
            let ends = [self.paused_until, self.failing.map(|(until, _)| until)];
            let ended = ends.into_iter().flatten().filter(|end| *end <= now);
            let Some(next) = ended.min() else {
                break;
            };
            self.recover(config, next);
            self.paused_until = self.paused_until.filter(|until| *until > next);
            self.failing = self.failing.filter(|(until, _)| *until > next);
            self.tell(config, next);
        }
        self.recover(config, now);
        self.seen = now;
        now
    }

    fn count(&mut self, kind: Option<ErrorKind>, config: &HealthConfig, now: Instant) {
        if now.saturating_duration_since(self.window_at) >= config.window {
            self.start_window(now);
        }
        let failure = kind.filter(|kind| kind.health() == Health::Failure);
        // A refusal or a mistake of ours says nothing about the service.
        if kind.is_some() && failure.is_none() {
            return;
        }
        self.ended = self.ended.saturating_add(1);
        self.failed = self.failed.saturating_add(u32::from(failure.is_some()));
        let is_many = u64::from(self.failed) * 100
            >= u64::from(self.ended) * u64::from(config.failure_percent);
        match failure {
            Some(kind) if self.failed >= config.min_failures && is_many => {
                self.failing = Some((now + config.window, kind));
            }
            None if self.ended >= config.min_failures && !is_many => self.failing = None,
            _ => {}
        }
    }

    const fn start_window(&mut self, now: Instant) {
        self.window_at = now;
        self.failed = 0;
        self.ended = 0;
    }

    /// What the facts say, without damping. The first that applies is the reason.
    fn verdict(&self, config: &HealthConfig) -> Verdict {
        let because = |status, kind, message| (status, Some(Why { kind, message }));
        let checks_failed = self.checks_failed;
        if self.circuit == CircuitState::Open {
            return because(Down, ErrorKind::CircuitOpen, "circuit is open");
        }
        if checks_failed >= config.failures_to_down {
            return because(Down, self.check_kind, "checks fail");
        }
        if self.circuit == CircuitState::HalfOpen {
            return because(Degraded, ErrorKind::CircuitOpen, "circuit is half open");
        }
        if checks_failed > 0 {
            return because(Degraded, self.check_kind, "a check failed");
        }
        if self.paused_until.is_some() {
            return because(Degraded, ErrorKind::Paused, "server asked for a pause");
        }
        match self.failing {
            Some((_, kind)) => because(Degraded, kind, "many attempts fail"),
            None => (Up, None),
        }
    }

    /// Brings what is told closer to what is: worse at once, better after a while.
    fn tell(&mut self, config: &HealthConfig, now: Instant) {
        let verdict = self.verdict(config);
        if verdict.0 > self.told.0 {
            self.change(verdict, now);
        } else if verdict.0 == self.told.0 {
            self.better = None;
            self.told.1 = verdict.1;
        } else {
            let (since, worst) = self.better.unwrap_or((now, verdict));
            let worst = if verdict.0 >= worst.0 { verdict } else { worst };
            self.better = Some((since, worst));
            self.recover(config, now);
        }
    }

    /// Tells what has been better for long enough, at the instant when it had been.
    ///
    /// To be called before a fact changes, as the present facts must have held until `now`.
    fn recover(&mut self, config: &HealthConfig, now: Instant) {
        while let Some((since, worst)) = self.better
            && let at = since + config.recover_after
            && at <= now
        {
            self.change(worst, at);
            let verdict = self.verdict(config);
            if verdict.0 < self.told.0 {
                self.better = Some((at, verdict));
            }
        }
    }

    fn change(&mut self, to: Verdict, at: Instant) {
        self.told = to;
        self.since = at;
        self.better = None;
    }
}
