use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{HedgeConfig, LatencyTracker};
use crate::clock::{Clock, SystemClock};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn tracker(config: HedgeConfig) -> (LatencyTracker, Instant) {
    let now = SystemClock.now();
    (LatencyTracker::new(config, now).unwrap(), now)
}

fn record(tracker: &LatencyTracker, count: u32, latency: Duration) {
    (0..count).for_each(|_| tracker.record(latency));
}

/// Whether the delay is this latency, but for the width of a bucket.
fn is_about(delay: Option<Duration>, latency: Duration) -> bool {
    delay.is_some_and(|delay| delay >= latency && delay <= latency + latency / 16 + MILLI / 500)
}

#[test]
fn there_is_no_delay_until_enough_was_measured() {
    let (tracker, now) = tracker(HedgeConfig::default());
    assert_eq!(tracker.delay(now), None);
    record(&tracker, 49, 20 * MILLI);
    assert_eq!(tracker.delay(now + SECOND), None);
    tracker.record(20 * MILLI);
    assert!(is_about(tracker.delay(now + 2 * SECOND), 20 * MILLI));
}

#[test]
fn the_delay_is_longer_than_95_of_100() {
    let (tracker, now) = tracker(HedgeConfig::default());
    record(&tracker, 94, 20 * MILLI);
    record(&tracker, 6, 900 * MILLI);
    assert!(is_about(tracker.delay(now), 900 * MILLI));
    tracker.record(20 * MILLI);
    record(&tracker, 99, 20 * MILLI);
    assert!(is_about(tracker.delay(now + SECOND), 20 * MILLI));
}

#[test]
fn the_delay_is_read_again_after_100_ms() {
    let (tracker, now) = tracker(HedgeConfig::default());
    record(&tracker, 50, 20 * MILLI);
    let before = tracker.delay(now);
    record(&tracker, 500, 80 * MILLI);
    assert_eq!(tracker.delay(now + 99 * MILLI), before);
    assert!(is_about(tracker.delay(now + 100 * MILLI), 80 * MILLI));
}

#[test]
fn the_bounds_hold() {
    let (fast, now) = tracker(HedgeConfig::default());
    record(&fast, 100, MILLI);
    assert_eq!(fast.delay(now), Some(10 * MILLI));
    let (slow, now) = tracker(HedgeConfig::default());
    record(&slow, 100, Duration::MAX);
    assert_eq!(slow.delay(now), Some(5 * SECOND));
}

#[test]
fn no_bucket_makes_a_latency_shorter() {
    let config = HedgeConfig::default()
        .with_min_samples(1)
        .with_min_delay(Duration::from_nanos(1))
        .with_max_delay(120 * SECOND);
    for micros in (0..=64).chain((6..=26).map(|bits| 1 << bits)) {
        for nanos in [0, 1, 999, 1_000, 1_001] {
            let latency = Duration::from_nanos(micros * 1_000 + nanos);
            let (tracker, now) = tracker(config.clone());
            tracker.record(latency);
            let delay = tracker.delay(now);
            assert!(
                latency.is_zero() || is_about(delay, latency),
                "{delay:?} for {latency:?}"
            );
        }
    }
}

#[test]
fn what_is_older_than_two_windows_is_forgotten() {
    let (tracker, start) = tracker(HedgeConfig::default());
    record(&tracker, 100, SECOND);
    for (seconds, expected) in [(59, SECOND), (61, SECOND), (119, SECOND), (122, 20 * MILLI)] {
        let delay = tracker.delay(start + SECOND * seconds);
        assert!(is_about(delay, expected), "{delay:?} after {seconds} s");
        record(&tracker, 25, 20 * MILLI);
    }
}

#[test]
fn after_a_silence_everything_is_measured_anew() {
    let (tracker, now) = tracker(HedgeConfig::default());
    record(&tracker, 1_000, SECOND);
    assert!(tracker.delay(now).is_some());
    assert_eq!(tracker.delay(now + 120 * SECOND), None);
    record(&tracker, 50, 20 * MILLI);
    assert!(is_about(tracker.delay(now + 121 * SECOND), 20 * MILLI));
}

#[test]
fn an_instant_from_before_gives_the_delay_as_it_is() {
    let (tracker, now) = tracker(HedgeConfig::default());
    record(&tracker, 100, SECOND);
    let delay = tracker.delay(now + 30 * SECOND);
    record(&tracker, 1_000, 20 * MILLI);
    assert_eq!(tracker.delay(now), delay);
}

#[test]
fn threads_that_record_lose_nothing() {
    let config = HedgeConfig::default().with_min_samples(40_000);
    let (tracker, now) = tracker(config);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| record(&tracker, 10_000, 20 * MILLI));
        }
    });
    assert!(tracker.delay(now).is_some());
}

#[test]
fn impossible_hedges_name_the_field() {
    let ok = HedgeConfig::default;
    let rows = [
        (ok().with_percentile(49), "percentile"),
        (ok().with_percentile(100), "percentile"),
        (ok().with_min_delay(Duration::ZERO), "min_delay"),
        (ok().with_max_delay(9 * MILLI), "max_delay"),
        (ok().with_max_delay(121 * SECOND), "max_delay"),
        (ok().with_min_samples(0), "min_samples"),
        (ok().with_window(999 * MILLI), "window"),
        (ok().with_window(Duration::MAX), "window"),
    ];
    for (config, field) in rows {
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains(&format!("`hedge.{field}`")), "{error}");
    }
}

/// Latencies of every order of magnitude.
fn latency() -> impl Strategy<Value = Duration> {
    (0..27_u32, any::<u64>()).prop_map(|(bits, noise)| {
        let micros = (1 << bits) + noise % (1 << bits);
        Duration::from_micros(micros.min(119_000_000)) + Duration::from_nanos(noise % 1_000)
    })
}

proptest! {
    #[test]
    fn the_estimate_is_within_a_bucket_of_the_true_percentile(
        percentile in 50..=99_u8,
        mut latencies in prop::collection::vec(latency(), 1..500),
    ) {
        let config = HedgeConfig::default()
            .with_percentile(percentile)
            .with_min_samples(1)
            .with_min_delay(Duration::from_nanos(1))
            .with_max_delay(120 * SECOND);
        let (tracker, now) = tracker(config);
        latencies.iter().for_each(|latency| tracker.record(*latency));
        latencies.sort_unstable();
        let rank = (latencies.len() * usize::from(percentile)).div_ceil(100);
        let exact = latencies[rank - 1];
        let delay = tracker.delay(now).unwrap();
        prop_assert!(is_about(Some(delay), exact) || delay == 120 * SECOND, "{delay:?} for {exact:?}");
    }

    /// The model keeps every latency with its window, and forgets whole windows.
    #[test]
    fn it_measures_the_latest_two_windows(
        steps in prop::collection::vec((0..90_u32, prop::collection::vec(latency(), 0..30)), 1..40),
    ) {
        let config = HedgeConfig::default()
            .with_min_samples(20)
            .with_min_delay(Duration::from_nanos(1))
            .with_max_delay(120 * SECOND);
        let (tracker, start) = tracker(config);
        let (mut before, mut current) = (Vec::new(), Vec::new());
        let (mut seconds, mut end) = (0, 60);
        for (gap, latencies) in steps {
            latencies.iter().for_each(|latency| tracker.record(*latency));
            current.extend(latencies);
            seconds += gap + 1;
            if seconds >= end {
                before = std::mem::take(&mut current);
                if seconds >= end + 60 {
                    before.clear();
                }
                end = seconds + 60;
            }
            let mut known = [&before[..], &current[..]].concat();
            known.sort_unstable();
            let delay = tracker.delay(start + SECOND * seconds);
            if known.len() < 20 {
                prop_assert_eq!(delay, None);
            } else {
                let exact = known[(known.len() * 95).div_ceil(100) - 1];
                prop_assert!(is_about(delay, exact) || delay == Some(120 * SECOND), "{delay:?} for {exact:?}");
            }
        }
    }
}
