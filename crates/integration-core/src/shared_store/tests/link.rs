use std::time::Duration;

use tokio::time::Instant;

use crate::{
    backoff::{Backoff, Jitter},
    clock::{Clock, SystemClock},
    rng::SeededRng,
    shared_store::link::{Caution, Failure, FleetHealth, Link, Reason, Route, Ticket},
};

const SECOND: Duration = Duration::from_secs(1);
const SETTLE: Duration = Duration::from_secs(3);

/// Backs off 1 s, 2 s, 2 s and so on, without chance.
fn link() -> (Link, SeededRng, Instant) {
    let backoff = Backoff::exponential(SECOND, 2 * SECOND).with_jitter(Jitter::None);
    (
        Link::new(backoff, SETTLE),
        SeededRng::new(1),
        SystemClock.now(),
    )
}

fn ticket(link: &mut Link, rng: &SeededRng, now: Instant) -> Ticket {
    match link.route(now, rng) {
        Route::Store(ticket) => ticket,
        Route::Local(_) => panic!("the store is not asked"),
    }
}

#[test]
fn it_asks_the_store_until_the_first_failure() {
    let (mut link, rng, now) = link();
    for _ in 0..3 {
        let ticket = ticket(&mut link, &rng, now);
        assert_eq!(link.answered(ticket, now), None);
    }
    assert_eq!(link.health(), FleetHealth::Connected);
    assert_eq!(link.caution(now), None);
    let lost = ticket(&mut link, &rng, now);
    assert_eq!(link.failed(lost, Reason::Slow, now, &rng), Failure::Lost);
    assert_eq!(link.route(now, &rng), Route::Local(now));
    let (since, reason) = (now, Reason::Slow);
    assert_eq!(link.health(), FleetHealth::Degraded { since, reason });
}

#[test]
fn many_calls_that_fail_together_are_one_loss() {
    let (mut link, rng, now) = link();
    let tickets: Vec<_> = (0..5).map(|_| ticket(&mut link, &rng, now)).collect();
    let failures: Vec<_> = tickets
        .into_iter()
        .map(|ticket| link.failed(ticket, Reason::Away, now, &rng))
        .collect();
    let mut expected = vec![Failure::Lost];
    expected.extend([Failure::Stale; 4]);
    assert_eq!(failures, expected);
}

#[test]
fn one_call_in_each_back_off_asks_again() {
    let (mut link, rng, now) = link();
    let lost = ticket(&mut link, &rng, now);
    link.failed(lost, Reason::Away, now, &rng);
    let almost = now + SECOND - Duration::from_nanos(1);
    assert_eq!(link.route(almost, &rng), Route::Local(now));
    let probe = ticket(&mut link, &rng, now + SECOND);
    assert_eq!(link.route(now + SECOND, &rng), Route::Local(now));
    let failure = link.failed(probe, Reason::Misconfigured, now + SECOND, &rng);
    assert_eq!(failure, Failure::Again);
    assert_eq!(link.route(now + 2 * SECOND, &rng), Route::Local(now));
    ticket(&mut link, &rng, now + 3 * SECOND);
    let (since, reason) = (now, Reason::Misconfigured);
    assert_eq!(link.health(), FleetHealth::Degraded { since, reason });
}

#[test]
fn a_probe_that_never_reports_is_followed_by_another() {
    let (mut link, rng, now) = link();
    let lost = ticket(&mut link, &rng, now);
    link.failed(lost, Reason::Away, now, &rng);
    ticket(&mut link, &rng, now + SECOND);
    assert_eq!(link.route(now + SECOND, &rng), Route::Local(now));
    ticket(&mut link, &rng, now + 2 * SECOND);
}

#[test]
fn after_the_return_the_local_limit_applies_for_the_settling_time() {
    let (mut link, rng, now) = link();
    let lost = ticket(&mut link, &rng, now);
    link.failed(lost, Reason::Away, now, &rng);
    let back = now + SECOND;
    let probe = ticket(&mut link, &rng, back);
    assert_eq!(link.answered(probe, back), Some(SECOND));
    assert_eq!(link.health(), FleetHealth::Connected);
    let end = back + SETTLE;
    let before = end - Duration::from_nanos(1);
    let caution = Some(Caution {
        since: now,
        until: end,
    });
    assert_eq!(link.caution(before), caution);
    assert_eq!(link.caution(end), None);
}

#[test]
fn answers_from_before_a_change_change_nothing() {
    let (mut link, rng, now) = link();
    let slow = ticket(&mut link, &rng, now);
    let lost = ticket(&mut link, &rng, now);
    link.failed(lost, Reason::Slow, now, &rng);
    assert_eq!(link.answered(slow, now), None);
    assert_eq!(link.route(now, &rng), Route::Local(now));
    let probe = ticket(&mut link, &rng, now + SECOND);
    assert_eq!(link.answered(probe, now + SECOND), Some(SECOND));
    let late = link.failed(slow, Reason::Slow, now + SECOND, &rng);
    assert_eq!(late, Failure::Stale);
    assert_eq!(link.health(), FleetHealth::Connected);
}

#[test]
fn a_store_that_forgot_lately_is_not_trusted_alone() {
    let (mut link, _, now) = link();
    link.remembers(SETTLE, now);
    assert_eq!(link.caution(now), None);
    link.remembers(SETTLE - SECOND, now);
    assert!(
        link.caution(now)
            .is_some_and(|caution| caution.until == now + SECOND)
    );
    link.remembers(SETTLE - SECOND / 2, now + SECOND / 2);
    let end = now + SECOND;
    let before = end - Duration::from_nanos(1);
    assert!(
        link.caution(before)
            .is_some_and(|caution| caution.since == now)
    );
    assert_eq!(link.caution(end), None);
}

#[test]
fn no_jitter_makes_every_call_ask_a_store_that_is_away() {
    let backoff = Backoff::exponential(SECOND, 2 * SECOND).with_jitter(Jitter::Full);
    let now = SystemClock.now();
    for seed in 0..100 {
        let (mut link, rng) = (Link::new(backoff, SETTLE), SeededRng::new(seed));
        let lost = ticket(&mut link, &rng, now);
        link.failed(lost, Reason::Away, now, &rng);
        let before = now + SECOND / 2 - Duration::from_nanos(1);
        assert_eq!(link.route(before, &rng), Route::Local(now), "seed {seed}");
    }
}
