//! The state beside a model in whole milliseconds.

use std::{sync::LazyLock, time::Duration};

use proptest::prelude::*;
use tokio::time::Instant;

use crate::{
    Backoff, Clock, Jitter, Rng, SystemClock,
    credentials::{Decision, Moment, Rejection, TokenConfig, TokenState},
};

static START: LazyLock<Instant> = LazyLock::new(|| SystemClock.now());

/// Both clocks at the start of a test.
const UNIX: u64 = 2_000_000_000_000;

pub(super) struct FixedRng(pub(super) f64);

impl Rng for FixedRng {
    fn fraction(&self) -> f64 {
        self.0
    }
}

pub(super) fn base() -> Moment {
    at(0, 0)
}

/// So long after the start, with the wall clock set by `set`.
pub(super) fn at(millis: u64, set: i64) -> Moment {
    let unix = (UNIX + millis).saturating_add_signed(set);
    Moment {
        now: *START + Duration::from_millis(millis),
        unix: Duration::from_millis(unix),
    }
}

/// Nothing by chance.
pub(super) fn config() -> TokenConfig {
    let backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60));
    TokenConfig::default()
        .with_jitter(0)
        .with_backoff(backoff.with_jitter(Jitter::None))
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Pass(u64),
    SetWall(i64),
    Land(Option<u64>),
    Fail,
    Abandon,
    /// So many numbers before the current token.
    Reject(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop_oneof![0..3_000_u64, 0..200_000_u64].prop_map(Step::Pass),
        1 => (-7_200_000..7_200_000_i64).prop_map(Step::SetWall),
        3 => proptest::option::weighted(0.9, 0..3_600_000_u64).prop_map(Step::Land),
        2 => Just(Step::Fail),
        1 => Just(Step::Abandon),
        2 => prop_oneof![Just(0), 0..3_u64].prop_map(Step::Reject),
    ]
}

#[derive(Clone, Copy)]
struct Held {
    /// Refresh and end, each on the monotonic and on the wall clock.
    life: Option<[(u64, u64); 2]>,
    is_rejected: bool,
}

#[derive(Default)]
struct Model {
    held: Option<Held>,
    number: u64,
    fetching: bool,
    failures: u32,
    retry_at: u64,
    forced_at: Option<u64>,
}

impl Model {
    fn decide(&self, now: u64, wall: u64) -> Decision {
        let past = |(on, of): (u64, u64)| now >= on || wall >= of;
        let usable = self
            .held
            .filter(|held| !held.is_rejected && !held.life.is_some_and(|[_, end]| past(end)));
        let must_wait = now < self.retry_at;
        if let Some(held) = usable {
            let is_due = held.life.is_some_and(|[refresh, _]| past(refresh));
            return if is_due && !self.fetching && !must_wait {
                Decision::UseAndRefresh
            } else {
                Decision::Use
            };
        }
        if self.fetching {
            Decision::Wait
        } else if must_wait {
            let until = at(self.retry_at, 0).now;
            Decision::Refuse { until }
        } else {
            Decision::Refresh
        }
    }

    fn fail(&mut self, now: u64) {
        self.fetching = false;
        self.failures += 1;
        self.retry_at = now + (1000_u64 << (self.failures - 1).min(10)).min(60_000);
    }

    fn land(&mut self, (began, began_wall): (u64, u64), now: u64, wall: u64, life: Option<u64>) {
        let life = life.map(|life| {
            let margin = (life * 1_000_000 / 10).min(5_000_000_000);
            let early = (life * 1_000_000 * 20 / 100)
                .min(600_000_000_000)
                .max(margin);
            let point = |nanos: u64| {
                let left = life - nanos / 1_000_000;
                (began + left, began_wall + left)
            };
            [point(early), point(margin)]
        });
        if life.is_some_and(|[_, (on, of)]| now >= on || wall >= of) {
            return self.fail(now);
        }
        self.fetching = false;
        self.failures = 0;
        self.retry_at = 0;
        self.number += 1;
        self.held = Some(Held {
            life,
            is_rejected: false,
        });
    }

    fn reject(&mut self, number: u64, now: u64) -> Rejection {
        let is_old = self.forced_at.is_none_or(|before| now >= before + 10_000);
        match &mut self.held {
            Some(held) if number == self.number && !held.is_rejected => {
                if !is_old {
                    return Rejection::Final;
                }
                held.is_rejected = true;
                self.forced_at = Some(now);
                Rejection::TryAgain
            }
            _ => Rejection::TryAgain,
        }
    }
}

proptest! {
    #[test]
    fn it_decides_as_the_model_does(steps in prop::collection::vec(step(), 1..80)) {
        let config = config();
        let rng = FixedRng(0.0);
        let (mut state, mut model) = (TokenState::default(), Model::default());
        let (mut now, mut set, mut began) = (0_u64, 0_i64, (0, 0));
        for step in steps {
            let wall = (UNIX + now).saturating_add_signed(set);
            let moment = at(now, set);
            match step {
                Step::Pass(time) => now += time,
                Step::SetWall(to) => set = to,
                Step::Land(life) if model.fetching => {
                    // The fetch may have begun long ago.
                    let start = Moment {
                        now: at(began.0, 0).now,
                        unix: Duration::from_millis(began.1),
                    };
                    let end = life.and_then(|life| start.after(Duration::from_millis(life)));
                    let number = state.succeed(start, moment, end, &config, &rng);
                    let before = model.number;
                    model.land(began, now, wall, life);
                    prop_assert_eq!(number, (model.number > before).then_some(model.number));
                }
                Step::Fail if model.fetching => {
                    model.fail(now);
                    let until = state.fail(moment.now, &config, &rng);
                    prop_assert_eq!(until, at(model.retry_at, 0).now);
                }
                Step::Abandon if model.fetching => {
                    model.fetching = false;
                    state.abandon();
                }
                Step::Reject(back) => {
                    let number = model.number.saturating_sub(back);
                    let expected = model.reject(number, now);
                    prop_assert_eq!(state.reject(number, moment.now, &config), expected);
                }
                _ => {}
            }
            let (wall, moment) = ((UNIX + now).saturating_add_signed(set), at(now, set));
            let decision = state.decide(moment);
            prop_assert_eq!(decision, model.decide(now, wall), "{:?}", step);
            prop_assert_eq!(state.generation(), model.number);
            prop_assert_eq!(state.is_refreshing(), model.fetching);
            if matches!(decision, Decision::Refresh | Decision::UseAndRefresh) {
                prop_assert!(!model.fetching, "two fetches at once");
                state.begin();
                model.fetching = true;
                began = (now, wall);
            }
        }
    }

    #[test]
    fn nothing_is_to_be_decided_while_it_is_settled(
        steps in prop::collection::vec(step(), 1..40),
        later in prop::collection::vec((0..4_000_000_u64, -3_600_000..3_600_000_i64), 20),
    ) {
        let config = config();
        let rng = FixedRng(0.0);
        let mut state = TokenState::default();
        let mut now = 0;
        for step in steps {
            let moment = at(now, 0);
            match step {
                Step::Pass(time) => now += time,
                Step::Land(life) if state.is_refreshing() => {
                    let end = life.and_then(|life| moment.after(Duration::from_millis(life)));
                    state.succeed(moment, moment, end, &config, &rng);
                }
                Step::Fail if state.is_refreshing() => {
                    state.fail(moment.now, &config, &rng);
                }
                Step::Reject(_) => {
                    let _ = state.reject(state.generation(), moment.now, &config);
                }
                Step::SetWall(_) if !state.is_refreshing() => state.begin(),
                _ => {}
            }
            let moment = at(now, 0);
            let settled = state.settled_until(moment);
            prop_assert_eq!(settled.is_some(), state.decide(moment) == Decision::Use);
            if let Some(settled) = settled {
                prop_assert!(settled.holds(moment));
                for (time, set) in &later {
                    let then = at(now + time, *set);
                    if settled.holds(then) {
                        prop_assert_eq!(state.decide(then), Decision::Use);
                    }
                }
            }
        }
    }
}
