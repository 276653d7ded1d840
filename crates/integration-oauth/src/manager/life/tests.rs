use std::time::Duration;

use integration_core::{
    Clock as _, Rng, SeededRng, SystemClock,
    credentials::{Moment, Rejection},
};
use proptest::prelude::*;

use super::*;
use crate::manager::config::LifeConfig;

const EPOCH: u64 = 1_800_000_000;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn life(lifetime: Option<u64>, renewal: Renewal) -> Life {
    Life {
        obtained_at: seconds(EPOCH),
        expires_at: lifetime.map(|lifetime| seconds(EPOCH + lifetime)),
        is_guess: false,
        renewal,
        max_idle: None,
    }
}

/// Chance that always draws the same.
struct Same(f64);

impl Rng for Same {
    fn fraction(&self) -> f64 {
        self.0
    }
}

/// A start, and the moments after it.
fn after(start: Moment, millis: u64) -> Moment {
    start.after(Duration::from_millis(millis)).unwrap()
}

fn start() -> Moment {
    Moment {
        now: SystemClock.now(),
        unix: seconds(EPOCH),
    }
}

fn held(life: Life, start: Moment, chance: f64) -> Cache {
    let mut cache = Cache::default();
    assert!(cache.adopt(
        1,
        Stage::Open,
        life,
        start,
        &LifeConfig::default(),
        &Same(chance)
    ));
    cache
}

#[test]
fn a_token_is_due_by_chance_in_its_last_tenth_but_not_before_half_its_life() {
    let config = LifeConfig::default();
    // Lifetime, chance, seconds before the end.
    let rows = [
        (3600, 0.0, 30),
        (3600, 0.5, 150),
        (3600, 0.999, 299),
        (86_400, 0.999, 299),
        (600, 0.999, 60),
        (200, 0.999, 30),
        (40, 0.0, 20),
        (2, 0.0, 1),
        (0, 0.0, 0),
    ];
    for (lifetime, chance, before) in rows {
        let due = life(Some(lifetime), Renewal::Always)
            .refresh_at(&config, chance)
            .unwrap();
        let expected = seconds(EPOCH + lifetime - before);
        let off = due.abs_diff(expected);
        assert!(
            off < seconds(1),
            "{lifetime} s, chance {chance}: {off:?} off"
        );
    }
    assert_eq!(
        life(Some(60), Renewal::Never).refresh_at(&config, 0.5),
        None
    );
    assert_eq!(life(None, Renewal::Always).refresh_at(&config, 0.5), None);
}

#[test]
fn the_background_comes_before_a_caller_and_before_the_refresh_token_dies() {
    let config = LifeConfig::default();
    let due = |life: Life, spread| {
        life.due_at(&config, spread)
            .map(|due| due.as_secs() - EPOCH)
    };
    let hour = life(Some(3600), Renewal::Always);
    assert_eq!(due(hour, 0.0), Some(3300));
    assert_eq!(due(hour, 1.0), Some(3000));
    assert_eq!(due(life(Some(60), Renewal::Always), 1.0), Some(15));
    let idle = Life {
        max_idle: Some(seconds(1000)),
        ..life(None, Renewal::Always)
    };
    assert_eq!(due(idle, 0.0), Some(500));
    assert_eq!(due(idle, 1.0), Some(750));
    let ending = life(Some(90_000), Renewal::Until(seconds(EPOCH + 1000)));
    assert_eq!(due(ending, 0.0), Some(900));
    assert_eq!(
        due(life(Some(60), Renewal::Never), 0.5),
        Some(60),
        "to tell of its end"
    );
    assert_eq!(due(life(None, Renewal::Never), 0.5), None);
}

#[test]
fn what_is_done_with_a_request_depends_on_the_age_of_the_token() {
    let (config, start) = (LifeConfig::default(), start());
    let always = life(Some(3600), Renewal::Always);
    // Time in seconds: at rest, on the way, after a failure.
    let until = after(start, 3_500_000 + 600_000).now;
    let rows = [
        (30, Decision::Use, Decision::Use, Decision::Use),
        (
            3569,
            Decision::UseAndFly,
            Decision::Use,
            Decision::UseAndFly,
        ),
        (3571, Decision::UseAndFly, Decision::Use, Decision::Use),
        (3596, Decision::Fly, Decision::Wait, Decision::Use),
        (
            3601,
            Decision::Fly,
            Decision::Wait,
            Decision::Refuse { until },
        ),
    ];
    for (second, at_rest, flying, failed) in rows {
        let at = after(start, second * 1000);
        let mut cache = held(always, start, 0.0);
        assert_eq!(cache.decide(at, &config), at_rest, "{second} s, at rest");
        cache.begin();
        assert_eq!(cache.decide(at, &config), flying, "{second} s, on the way");
        cache.land();
        let hint = Some(seconds(600));
        if second > 3570 {
            cache.fail(after(start, 3_500_000).now, hint, &config, &Same(0.0));
            assert_eq!(cache.decide(at, &config), failed, "{second} s, failed");
        }
    }
    let mut guess = always;
    guess.is_guess = true;
    let late = after(start, 7_200_000);
    assert_eq!(
        held(guess, start, 0.0).decide(late, &config),
        Decision::UseAndFly
    );
}

#[test]
fn a_connection_that_needs_a_login_is_looked_at_once_a_second() {
    let (config, start) = (LifeConfig::default(), start());
    let mut cache = Cache::default();
    let none = life(None, Renewal::Never);
    cache.adopt(3, Stage::Closed, none, start, &config, &Same(0.0));
    assert_eq!(cache.decide(after(start, 900), &config), Decision::Closed);
    assert_eq!(cache.decide(after(start, 1000), &config), Decision::Fly);
    assert_eq!(cache.settled_until(start, &config), None);
}

#[test]
fn a_token_is_given_up_once_and_only_if_there_can_be_another() {
    let (config, start) = (LifeConfig::default(), start());
    let mut cache = held(life(Some(3600), Renewal::Always), start, 0.0);
    assert_eq!(
        cache.refuse(0, start, &config),
        Rejection::TryAgain,
        "an older one"
    );
    assert_eq!(cache.decide(start, &config), Decision::Use);
    assert_eq!(cache.refuse(1, start, &config), Rejection::TryAgain);
    assert_eq!(
        cache.refuse(1, start, &config),
        Rejection::TryAgain,
        "it is on its way"
    );
    assert_eq!(cache.decide(start, &config), Decision::Fly);
    let next = life(Some(3600), Renewal::Always);
    cache.adopt(2, Stage::Open, next, start, &config, &Same(0.0));
    let soon = after(start, 9_000);
    assert_eq!(cache.refuse(2, soon, &config), Rejection::Final);
    assert_eq!(cache.decide(soon, &config), Decision::Use);
    let later = after(start, 10_000);
    assert_eq!(cache.refuse(2, later, &config), Rejection::TryAgain);
    let mut last = held(life(Some(3600), Renewal::Never), start, 0.0);
    assert_eq!(last.refuse(1, start, &config), Rejection::Final);
}

#[test]
fn what_the_store_has_not_taken_yields_to_what_it_holds() {
    let (config, start) = (LifeConfig::default(), start());
    let mut cache = held(life(Some(60), Renewal::Always), start, 0.0);
    cache.set_unsaved(true);
    let due = after(start, 45_000);
    assert_eq!(
        cache.decide(due, &config),
        Decision::Use,
        "it is not spent again"
    );
    assert!(matches!(
        cache.decide(after(start, 61_000), &config),
        Decision::Refuse { .. }
    ));
    let other = life(Some(3600), Renewal::Always);
    assert!(!cache.adopt(0, Stage::Open, other, due, &config, &Same(0.0)));
    assert!(cache.adopt(1, Stage::Open, other, due, &config, &Same(0.0)));
    assert!(!cache.adopt(1, Stage::Open, other, due, &config, &Same(0.0)));
    assert_eq!(cache.version(), Some(1));
}

/// What may happen to a cache.
#[derive(Clone, Debug)]
enum Act {
    Begin,
    Land {
        lifetime: Option<u64>,
        can_renew: bool,
    },
    Fail {
        hint: Option<u64>,
    },
    Refuse,
    Unsaved(bool),
    Wait(u64),
    Jump(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => Just(Act::Begin),
        2 => (proptest::option::of(0..4000_u64), any::<bool>())
            .prop_map(|(lifetime, can_renew)| Act::Land { lifetime, can_renew }),
        1 => proptest::option::of(0..100_u64).prop_map(|hint| Act::Fail { hint }),
        1 => Just(Act::Refuse),
        1 => any::<bool>().prop_map(Act::Unsaved),
        3 => (0..2_000_000_u64).prop_map(Act::Wait),
        1 => (0..4_000_000_u64).prop_map(Act::Jump),
    ]
}

proptest! {
    /// In any order of events: an ended token is never used, nobody sets out twice, and while it
    /// is settled there is nothing to decide.
    #[test]
    fn no_order_of_events_hands_out_an_ended_token(
        acts in proptest::collection::vec(act(), 1..60),
        seed: u64,
        step in 0..3_000_000_u64,
    ) {
        let (config, rng) = (LifeConfig::default(), SeededRng::new(seed));
        let (mut at, mut cache) = (start(), Cache::default());
        let (mut ends, mut version, mut flying) = (None, 0, false);
        for act in acts {
            match act {
                Act::Begin if !flying => {
                    cache.begin();
                    flying = true;
                }
                Act::Begin => {}
                Act::Land { lifetime, can_renew } => {
                    let renewal = if can_renew { Renewal::Always } else { Renewal::Never };
                    version += 1;
                    let life = Life {
                        obtained_at: at.unix,
                        expires_at: lifetime.map(|lifetime| at.unix + seconds(lifetime)),
                        ..life(None, renewal)
                    };
                    ends = life.expires_at;
                    cache.adopt(version, Stage::Open, life, at, &config, &rng);
                    cache.land();
                    flying = false;
                }
                Act::Fail { hint } => {
                    let wait = cache.fail(at.now, hint.map(seconds), &config, &rng);
                    prop_assert!(wait >= hint.map(seconds).unwrap_or_default());
                    cache.land();
                    flying = false;
                }
                Act::Refuse => {
                    let _ = cache.refuse(version, at, &config);
                }
                Act::Unsaved(is_unsaved) => cache.set_unsaved(is_unsaved),
                Act::Wait(millis) => at = after(at, millis),
                Act::Jump(millis) => at.unix += Duration::from_millis(millis),
            }
            let decision = cache.decide(at, &config);
            let uses = matches!(decision, Decision::Use | Decision::UseAndFly);
            let has_ended = version == 0 || ends.is_some_and(|end| at.unix >= end);
            prop_assert!(!(uses && has_ended), "{decision:?} of an ended token");
            let sets_out = matches!(decision, Decision::Fly | Decision::UseAndFly);
            prop_assert!(!(sets_out && flying), "a second one sets out");
            prop_assert!(decision != Decision::Wait || flying, "nobody is on the way");
            if let Some(until) = cache.settled_until(at, &config) {
                prop_assert_eq!(decision, Decision::Use);
                let then = after(at, step);
                if then.unix < until.unix {
                    prop_assert_eq!(cache.decide(then, &config), Decision::Use);
                }
            } else {
                prop_assert_ne!(decision, Decision::Use);
            }
        }
    }
}
