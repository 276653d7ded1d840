//! From samples to a limit: no places, no locks, no time but that which samples tell.

use std::time::Duration;

use super::{
    config::{Adaptive, AdaptiveLimitConfig, Aimd, Gradient2},
    state::Outcome,
};

/// Samples of a round trip at least, so that one slow attempt does not speak for all.
const MIN_SAMPLES: u32 = 10;

/// What a gradient takes away at most in one round trip, before smoothing.
const STEEPEST: f64 = 0.5;

/// The long run is forgotten faster while it is so many times the latest latency.
const STALE: f64 = 2.0;
const FORGET: f64 = 0.95;

/// A probe takes the limit down by this factor: far enough to leave the queue that it made.
const PROBED: f64 = 3.0;

/// Round trips whose plain mean starts the long run.
const WARM_UP: u32 = 10;

#[derive(Debug)]
pub(super) struct Control {
    algorithm: Adaptive,
    min: f64,
    max: f64,
    /// Always within `min` and `max`.
    limit: f64,
    /// Attempts that were under way when the limit fell: what they tell is about the old limit.
    stale: u32,
    round_trip: RoundTrip,
    long_run: LongRun,
    probe: Probe,
}

/// The samples of one round trip.
#[derive(Debug, Default)]
struct RoundTrip {
    samples: u32,
    /// Nanoseconds.
    rtt_sum: f64,
    most_in_flight: u32,
}

/// The latency of the long run, in nanoseconds.
#[derive(Debug, Default)]
struct LongRun {
    rtt: f64,
    round_trips: u32,
}

/// A look at a third of the limit, which shows the latency without the queue that the limit made.
#[derive(Debug)]
enum Probe {
    /// Round trips until the next.
    In(u32),
    Running,
}

impl Control {
    pub(super) fn new(config: &AdaptiveLimitConfig) -> Self {
        let probe = match config.algorithm {
            Adaptive::Gradient2(gradient) => gradient.probe_every,
            Adaptive::Aimd(_) => u32::MAX,
        };
        Self {
            algorithm: config.algorithm,
            min: f64::from(config.min),
            max: f64::from(config.max),
            limit: f64::from(config.initial),
            stale: 0,
            round_trip: RoundTrip::default(),
            long_run: LongRun::default(),
            probe: Probe::In(probe),
        }
    }

    /// Returns the limit that holds now: a third of the real one during a probe.
    pub(super) fn limit(&self) -> u32 {
        let limit = match self.probe {
            Probe::Running => (self.limit / PROBED).max(self.min),
            Probe::In(_) => self.limit,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between `min` and `max`, which are u32"
        )]
        let whole = limit as u32;
        whole
    }

    pub(super) fn on_sample(&mut self, rtt: Duration, in_flight: u32, outcome: Outcome) {
        if self.stale > 0 {
            self.stale -= 1;
            return;
        }
        match outcome {
            Outcome::Neutral => {}
            Outcome::Dropped => self.on_drop(in_flight),
            Outcome::Success if self.is_too_slow(rtt) => self.on_drop(in_flight),
            Outcome::Success => {
                self.round_trip.add(rtt, in_flight);
                if self.round_trip.samples >= self.limit().max(MIN_SAMPLES) {
                    self.on_round_trip();
                }
            }
        }
    }

    fn is_too_slow(&self, rtt: Duration) -> bool {
        match self.algorithm {
            Adaptive::Aimd(Aimd { max_rtt, .. }) => max_rtt.is_some_and(|max| rtt > max),
            Adaptive::Gradient2(_) => false,
        }
    }

    /// The service gave in. All that are under way met the same service: they count once.
    fn on_drop(&mut self, in_flight: u32) {
        let left = match self.algorithm {
            Adaptive::Aimd(aimd) => f64::from(aimd.backoff_percent) / 100.0,
            Adaptive::Gradient2(gradient) => gradient.smooth(STEEPEST),
        };
        self.forget_round_trip(in_flight);
        self.end_probe();
        self.set(self.limit * left);
    }

    fn on_round_trip(&mut self) {
        let (rtt, most) = (self.round_trip.mean(), self.round_trip.most_in_flight);
        self.round_trip = RoundTrip::default();
        // A limit that nobody reaches says nothing about the service.
        let is_used = f64::from(most) * 2.0 >= f64::from(self.limit());
        match self.algorithm {
            Adaptive::Aimd(_) if is_used => self.set(self.limit + 1.0),
            Adaptive::Aimd(_) => {}
            Adaptive::Gradient2(gradient) => match self.probe {
                Probe::Running => {
                    self.long_run.rtt = self.long_run.rtt.min(rtt);
                    self.end_probe();
                }
                Probe::In(round_trips) => {
                    let long = self.long_run.add(rtt, gradient);
                    if is_used {
                        self.follow(gradient, long / rtt);
                        self.probe = Probe::In(round_trips.saturating_sub(1));
                        self.begin_probe(most);
                    }
                }
            },
        }
    }

    /// Moves towards what the ratio of the latencies of the long run and of now allows.
    fn follow(&mut self, gradient: Gradient2, ratio: f64) {
        let slope = (gradient.tolerance() * ratio).clamp(STEEPEST, 1.0);
        let headroom = f64::from(gradient.headroom) * gradient.smoothing();
        self.set(self.limit * gradient.smooth(slope) + headroom);
    }

    fn begin_probe(&mut self, in_flight: u32) {
        if let Probe::In(0) = self.probe {
            self.forget_round_trip(in_flight);
            self.probe = Probe::Running;
        }
    }

    fn end_probe(&mut self) {
        if let (Probe::Running, Adaptive::Gradient2(gradient)) = (&self.probe, self.algorithm) {
            self.probe = Probe::In(gradient.probe_every);
        }
    }

    /// Ignores what is under way, but no more than the limit can have let in.
    fn forget_round_trip(&mut self, in_flight: u32) {
        self.round_trip = RoundTrip::default();
        self.stale = in_flight.min(self.limit()).saturating_sub(1);
    }

    fn set(&mut self, limit: f64) {
        self.limit = limit.clamp(self.min, self.max);
    }
}

impl RoundTrip {
    fn add(&mut self, rtt: Duration, in_flight: u32) {
        self.samples += 1;
        // A latency of nothing would make every other one infinitely worse.
        self.rtt_sum += rtt.max(Duration::from_nanos(1)).as_secs_f64() * 1e9;
        self.most_in_flight = self.most_in_flight.max(in_flight);
    }

    fn mean(&self) -> f64 {
        self.rtt_sum / f64::from(self.samples.max(1))
    }
}

impl LongRun {
    fn add(&mut self, rtt: f64, gradient: Gradient2) -> f64 {
        self.round_trips = self.round_trips.saturating_add(1);
        if self.round_trips <= WARM_UP {
            self.rtt += (rtt - self.rtt) / f64::from(self.round_trips);
        } else {
            // What is beyond the tolerance is more likely a queue than how the service is now.
            let likely = rtt.min(self.rtt * gradient.tolerance());
            self.rtt += (likely - self.rtt) * 2.0 / (f64::from(gradient.long_window) + 1.0);
        }
        if self.rtt > rtt * STALE {
            self.rtt *= FORGET;
        }
        self.rtt
    }
}

impl Gradient2 {
    fn tolerance(self) -> f64 {
        f64::from(self.tolerance_percent) / 100.0
    }

    fn smoothing(self) -> f64 {
        f64::from(self.smoothing_percent) / 100.0
    }

    /// Returns what is left of the limit when this factor takes effect in part.
    fn smooth(self, factor: f64) -> f64 {
        1.0 - (1.0 - factor) * self.smoothing()
    }
}
