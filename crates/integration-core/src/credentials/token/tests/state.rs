use std::time::Duration;

use super::model::{FixedRng, at, base, config};
use crate::{
    credentials::{Decision, Rejection, TokenConfig, TokenState},
    error::ErrorKind,
};

fn holding(lifetime: u64, config: &TokenConfig, rng: f64) -> TokenState {
    let mut state = TokenState::default();
    state.begin();
    let end = base().after(Duration::from_secs(lifetime));
    let number = state.succeed(base(), base(), end, config, &FixedRng(rng));
    assert_eq!(number, Some(1));
    state
}

#[test]
fn a_token_is_refreshed_early_and_its_end_is_kept_away_from() {
    let config = TokenConfig::default();
    // Lifetime, chance, when the refresh begins, when the token is no longer used.
    let rows = [
        (3600, 0.0, 3600 - 600, 3595),
        (3600, 0.999, 3600 - 300, 3595),
        (100, 0.0, 80, 95),
        (100, 0.999, 90, 95),
        (10, 0.0, 8, 9),
        (10, 0.999, 9, 9),
    ];
    for (lifetime, chance, refresh, end) in rows {
        let state = holding(lifetime, &config, chance);
        let decide = |millis: u64| state.decide(at(millis, 0));
        let (refresh, end) = (refresh * 1000, end * 1000);
        assert_eq!(decide(refresh - 500), Decision::Use, "{lifetime} {chance}");
        if refresh < end {
            assert_eq!(decide(refresh + 500), Decision::UseAndRefresh, "{lifetime}");
        }
        assert_eq!(decide(end), Decision::Refresh, "{lifetime} {chance}");
    }
}

#[test]
fn a_machine_that_slept_or_whose_clock_was_set_does_not_use_an_old_token() {
    let state = holding(3600, &config(), 0.0);
    // The monotonic clock stood still while two hours went by.
    assert_eq!(state.decide(at(1000, 7_200_000)), Decision::Refresh);
    // The wall clock was set back by a day; the monotonic one knows better.
    assert_eq!(state.decide(at(3_600_000, -86_400_000)), Decision::Refresh);
    assert_eq!(state.decide(at(1000, -86_400_000)), Decision::Use);
}

#[test]
fn a_hundred_refused_callers_give_up_one_token_and_the_next_refusal_is_final() {
    let config = config();
    let mut state = holding(3600, &config, 0.0);
    let now = at(1000, 0);
    for _ in 0..100 {
        assert_eq!(state.reject(1, now.now, &config), Rejection::TryAgain);
    }
    assert_eq!(state.decide(now), Decision::Refresh);
    state.begin();
    assert_eq!(state.decide(now), Decision::Wait);
    let end = now.after(Duration::from_secs(3600));
    assert_eq!(
        state.succeed(now, now, end, &config, &FixedRng(0.0)),
        Some(2)
    );
    // Late ones of the first token, then those of the second: the server refuses every token.
    assert_eq!(state.reject(1, now.now, &config), Rejection::TryAgain);
    assert_eq!(state.decide(now), Decision::Use);
    assert_eq!(state.reject(2, now.now, &config), Rejection::Final);
    assert_eq!(state.decide(now), Decision::Use);
    let later = at(1000 + 10_000, 0);
    assert_eq!(state.reject(2, later.now, &config), Rejection::TryAgain);
    assert_eq!(state.decide(later), Decision::Refresh);
}

#[test]
fn a_token_without_an_expiry_is_used_until_it_is_refused() {
    let mut state = TokenState::default();
    state.begin();
    let number = state.succeed(base(), base(), None, &config(), &FixedRng(0.0));
    assert_eq!(number, Some(1));
    let later = at(1_000_000_000_000, 0);
    assert_eq!(state.decide(later), Decision::Use);
    assert!(state.settled_until(later).unwrap().holds(later));
    assert_eq!(state.reject(1, later.now, &config()), Rejection::TryAgain);
    assert_eq!(state.decide(later), Decision::Refresh);
}

#[test]
fn impossible_configurations_name_the_field() {
    let config = TokenConfig::default;
    let month = Duration::from_secs(31 * 86_400);
    let rows = [
        (config().with_early(0, month), "token.early_percent"),
        (config().with_early(91, month), "token.early_percent"),
        (config().with_early(20, month), "token.max_early"),
        (config().with_jitter(101), "token.jitter_percent"),
        (config().with_margin(month), "token.margin"),
        (
            config().with_fetch_timeout(Duration::ZERO),
            "token.fetch_timeout",
        ),
        (
            config().with_forced_interval(Duration::MAX),
            "token.forced_interval",
        ),
        (
            config().with_backoff(crate::Backoff::exponential(Duration::ZERO, month)),
            "token.backoff",
        ),
    ];
    for (config, field) in rows {
        let error = config.validate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(field), "{error} {field}");
    }
    for percent in [1, 90] {
        let edge = config()
            .with_early(percent, Duration::ZERO)
            .with_jitter(100);
        assert!(edge.validate().is_ok());
    }
}
