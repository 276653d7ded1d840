use std::time::Duration;

use super::{MAX_PAUSE, Pause};
use crate::clock::{Clock, SystemClock};

const NANO: Duration = Duration::from_nanos(1);

#[test]
fn it_ends_at_its_time_and_not_before() {
    let now = SystemClock.now();
    let pause = Pause::new(now);
    assert!(pause.admit(now).is_ok());
    let wait = Duration::from_secs(60);
    pause.pause(wait, now);
    assert_eq!(pause.admit(now).unwrap_err().until, Some(now + wait));
    assert!(pause.admit(now + wait - NANO).is_err());
    assert!(pause.admit(now + wait).is_ok());
}

#[test]
fn a_shorter_pause_does_not_shorten_a_longer_one() {
    let now = SystemClock.now();
    let pause = Pause::new(now);
    pause.pause(Duration::from_secs(60), now);
    pause.pause(Duration::from_secs(1), now);
    assert!(pause.admit(now + Duration::from_secs(59)).is_err());
    pause.resume();
    assert!(pause.admit(now).is_ok());
}

#[test]
fn no_pause_is_longer_than_the_limit() {
    for wait in [MAX_PAUSE, MAX_PAUSE + NANO, Duration::MAX] {
        let now = SystemClock.now();
        let pause = Pause::new(now);
        pause.pause(wait, now);
        assert!(pause.admit(now + MAX_PAUSE - NANO).is_err());
        assert!(pause.admit(now + MAX_PAUSE).is_ok());
    }
}
