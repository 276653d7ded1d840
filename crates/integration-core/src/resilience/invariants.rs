//! What holds for every call, whatever the service does.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use proptest::prelude::*;
use tokio::time::{Instant, sleep};
use tower::{Layer, ServiceExt};

use super::{Config, Parts, ResilienceLayer};
use crate::{
    backoff::Backoff,
    classify::{Call, Classify, Describe, Repeat, Verdict},
    clock::{Clock, SystemClock},
    error::{ErrorKind, GaveUp},
    observer::{Event, Happening, Observer},
    rng::SeededRng,
};

/// What the service does with one attempt.
#[derive(Clone, Copy, Debug)]
struct Act {
    latency: Duration,
    code: u16,
    hint: Option<Duration>,
}

struct Script(Repeat);

impl Describe<()> for Script {
    fn describe<'a>(&self, _request: &'a ()) -> Call<'a> {
        Call::new("demo.call", "demo").with_repeat(self.0)
    }
}

impl Classify<Act, Infallible> for Script {
    fn classify(&self, _call: &Call<'_>, outcome: Result<&Act, &Infallible>) -> Verdict {
        let act = outcome.unwrap();
        let kind = ErrorKind::from_status(act.code);
        kind.map_or(Verdict::success(), Verdict::failure)
            .with_hint(act.hint)
    }
}

#[derive(Default)]
struct Ends(Mutex<Vec<Option<GaveUp>>>);

impl Observer for Ends {
    fn on_event(&self, event: &Event<'_>) {
        if let Happening::CallEnded { gave_up, .. } = event.what {
            self.0.lock().unwrap().push(gave_up);
        }
    }
}

fn act() -> impl Strategy<Value = Act> {
    let code = prop_oneof![1 => Just(200_u16), 2 => Just(429), 3 => Just(503), 1 => Just(404)];
    (0..6_000_u64, code, prop::option::of(0..4_000_u64)).prop_map(|(latency, code, hint)| Act {
        latency: Duration::from_millis(latency),
        code,
        hint: hint.filter(|_| code == 429).map(Duration::from_millis),
    })
}

/// Runs one call; returns when each attempt began, when the call ended, and how.
async fn run(
    config: Config,
    script: Vec<Act>,
    repeat: Repeat,
    seed: u64,
) -> (Vec<Instant>, Instant, Vec<Option<GaveUp>>) {
    let began = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&began);
    let inner = tower::service_fn(move |()| {
        let number = log.lock().unwrap().len();
        log.lock().unwrap().push(SystemClock.now());
        let act = script[number % script.len()];
        async move {
            sleep(act.latency).await;
            Ok::<_, Infallible>(act)
        }
    });
    let ends = Arc::new(Ends::default());
    let parts = Parts::default()
        .with_rng(Arc::new(SeededRng::new(seed)))
        .with_observer(ends.clone());
    let layer = ResilienceLayer::with_parts(config, Script(repeat), parts);
    let _ = layer.unwrap().layer(inner).oneshot(()).await;
    let (began, ends) = (
        began.lock().unwrap().clone(),
        ends.0.lock().unwrap().clone(),
    );
    (began, SystemClock.now(), ends)
}

proptest! {
    #[test]
    fn no_call_is_late_early_too_often_or_repeated_in_vain(
        script in prop::collection::vec(act(), 1..8),
        deadline in 1_000..20_000_u64,
        timeout in 100..1_000_u64,
        max_attempts in 1..8_u32,
        harmless in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let repeat = if harmless { Repeat::Harmless } else { Repeat::Harmful };
        let (deadline, timeout) = (Duration::from_millis(deadline), Duration::from_millis(timeout));
        let backoff = Backoff::exponential(Duration::from_millis(100), Duration::from_secs(5));
        let config = Config::default()
            .with_timeouts(deadline, timeout)
            .with_backoff(backoff)
            .with_max_attempts(max_attempts)
            .with_hint_cap(Duration::from_secs(3));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (began, ended, ends) = runtime.block_on(run(config, script.clone(), repeat, seed));

        prop_assert!(ended - began[0] <= deadline + Duration::from_millis(1), "late");
        prop_assert!(began.len() <= max_attempts as usize, "too often");
        prop_assert_eq!(ends.len(), 1, "a call ends once");
        for (number, pair) in began.windows(2).enumerate() {
            let act = script[number % script.len()];
            let timed_out = act.latency >= timeout;
            let wait = act.latency.min(timeout) + act.hint.filter(|_| !timed_out).unwrap_or_default();
            prop_assert!(pair[1] - pair[0] >= wait, "early");
            prop_assert!(timed_out || matches!(act.code, 429 | 503), "repeated what was final");
            let maybe_executed = timed_out || act.code == 503;
            prop_assert!(harmless || !maybe_executed, "repeated what does harm");
        }
        if let [Some(GaveUp::DeadlineTooClose | GaveUp::HintTooLong)] = ends[..] {
            let last = began[began.len() - 1];
            prop_assert!(ended - last <= timeout + Duration::from_millis(1), "slept in vain");
        }
    }
}
