//! Nothing grows: memory, descriptors, threads, files.
//!
//! Five seconds by default; `INTEGRATION_SOAK_SECONDS=600` is the run behind the claim.

use std::{sync::Arc, time::Duration};

use integration_e2e::{
    config::Config,
    destination::Destination,
    gateway::{Gateway, Setup},
    process::{self, Size},
    sender::Sender,
};
use integration_webhooks::Scheme;
use tokio::time::sleep;

use crate::{
    load::Load,
    routes::{QUICK_RETRIES, SHORT_RETENTION},
};

const CONNECTIONS: usize = 16;
const PACE: Duration = Duration::from_millis(10);
/// Growth allowed from the second third to the last one.
const MORE_MEMORY_KB: u64 = 8 * 1024;
/// A delivery under way has a connection of its own, and on a busy machine more of them are: but not
/// more than there are senders.
const MORE_DESCRIPTORS: usize = CONNECTIONS;
const MORE_BYTES: u64 = 8 * 1024 * 1024;

const QUOTA_BYTES: u64 = 64 * 1024 * 1024;

/// The most of each over a third of the run.
#[derive(Debug)]
struct Peak {
    size: Size,
    bytes: u64,
}

#[tokio::test]
async fn nothing_grows_under_steady_load() {
    let seconds = Config::from_env().soak_seconds;
    let sender = Arc::new(Sender::new("stripe", &Scheme::Stripe));
    let destination = Destination::forgetful().await;
    let mut setup = Setup::new()
        .with_source("stripe", "stripe", sender.secret())
        .with_route("billing", "stripe", &destination.url(), QUICK_RETRIES);
    // Keeps the log short as well, which else grows for a while before it is copied.
    setup.set("max_store_bytes", QUOTA_BYTES);
    for (key, value) in SHORT_RETENTION {
        setup.set(key, value);
    }
    let gateway = setup.start().await;
    let load = Load::start(&sender, gateway.public(), CONNECTIONS, PACE);

    let third = Duration::from_secs(seconds) / 3;
    let _warm_up = watch(&gateway, &setup, third).await;
    let before = watch(&gateway, &setup, third).await;
    let after = watch(&gateway, &setup, third).await;
    let posted = load.stop().await;

    println!(
        "{posted} events in {seconds} s: {before:?} then {after:?}",
        posted = posted.len()
    );
    assert!(
        after.size.resident_kb <= before.size.resident_kb + MORE_MEMORY_KB,
        "{before:?} {after:?}"
    );
    assert!(
        after.size.descriptors <= before.size.descriptors + MORE_DESCRIPTORS,
        "{before:?} {after:?}"
    );
    assert!(
        after.size.threads <= before.size.threads + 2,
        "{before:?} {after:?}"
    );
    assert!(
        after.bytes <= before.bytes + MORE_BYTES,
        "{before:?} {after:?}"
    );
}

async fn watch(gateway: &Gateway, setup: &Setup, time: Duration) -> Peak {
    const LOOKS: u32 = 20;
    let mut peak = look(gateway, setup);
    for _ in 0..LOOKS {
        sleep(time / LOOKS).await;
        let now = look(gateway, setup);
        peak.size.resident_kb = peak.size.resident_kb.max(now.size.resident_kb);
        peak.size.descriptors = peak.size.descriptors.max(now.size.descriptors);
        peak.size.threads = peak.size.threads.max(now.size.threads);
        peak.bytes = peak.bytes.max(now.bytes);
    }
    peak
}

fn look(gateway: &Gateway, setup: &Setup) -> Peak {
    Peak {
        size: process::size(gateway.pid()),
        bytes: process::bytes_in(setup.data_dir()),
    }
}
