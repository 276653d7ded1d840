use std::{sync::Arc, time::Duration};

use integration_oauth::store::MemoryStore;
use integration_testkit::TestClock;

use super::rig::{FLOWS, Rig};

#[expect(clippy::unused_async, reason = "other rigs open a database")]
async fn rig() -> Option<Rig> {
    let clock = Arc::new(TestClock::at(Duration::from_secs(1_700_000_000)));
    let store = MemoryStore::new()
        .with_clock(clock.clone())
        .with_max_flows(FLOWS);
    let store = Arc::new(store);
    Some(Rig {
        tokens: store.clone(),
        flows: store,
        clock,
        cases: 256,
    })
}

super::conformance!(super::rig, start_paused = true);
