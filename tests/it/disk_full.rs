//! A store that may not grow any more.

use std::{collections::BTreeSet, path::Path, process::Command, time::Duration};

use integration_e2e::{
    client::{Answer, Client},
    destination::Destination,
    gateway::{Gateway, Setup},
    sender::{Sender, payment, payment_id},
    wait,
};
use integration_webhooks::Scheme;

use crate::routes::QUICK_RETRIES;

const QUOTA_BYTES: u64 = 2 * 1024 * 1024;
const LARGER_QUOTA_BYTES: u64 = 64 * 1024 * 1024;
/// More events than either small store can hold.
const TOO_MANY: usize = 20_000;
const WITHIN: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_full_quota_is_answered_with_later_and_a_larger_one_goes_on() {
    let sender = Sender::new("stripe", &Scheme::Stripe);
    let destination = Destination::willing().await;
    let mut setup = setup(&sender, &destination);
    setup.set("max_store_bytes", QUOTA_BYTES);
    let gateway = setup.start().await;
    let stored = fill(&gateway, &sender).await;
    assert_eq!(gateway.readiness().await, 503);
    gateway.kill();

    setup.set("max_store_bytes", LARGER_QUOTA_BYTES);
    let gateway = setup.start().await;
    assert_goes_on(&gateway, &sender, &destination, stored).await;
}

#[tokio::test]
async fn a_full_disk_is_answered_with_later_and_space_lets_it_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        return;
    };
    let sender = Sender::new("stripe", &Scheme::Stripe);
    let destination = Destination::willing().await;
    let setup = setup(&sender, &destination).with_data_dir(folder.path().join("data"));
    let gateway = setup.start().await;
    let stored = fill(&gateway, &sender).await;
    assert_eq!(gateway.readiness().await, 503);

    disk.resize("64m");
    assert_goes_on(&gateway, &sender, &destination, stored).await;
}

fn setup(sender: &Sender, destination: &Destination) -> Setup {
    Setup::new()
        .with_source("stripe", "stripe", sender.secret())
        .with_route("billing", "stripe", &destination.url(), QUICK_RETRIES)
}

/// Posts until the store is full and returns the ids that were answered 2xx.
async fn fill(gateway: &Gateway, sender: &Sender) -> BTreeSet<String> {
    let mut client = Client::new(gateway.public());
    let mut stored = BTreeSet::new();
    for no in 0..TOO_MANY {
        let id = format!("evt_{no}");
        let answer = client
            .post(&sender.post(&id, payment(&id, "cus_1")))
            .await
            .unwrap();
        if !answer.is_success() {
            assert_says_later(&answer);
            return stored;
        }
        stored.insert(id);
    }
    panic!("{TOO_MANY} events fitted");
}

fn assert_says_later(answer: &Answer) {
    assert_eq!(
        answer.status,
        503,
        "Stripe tries again after it: {}",
        answer.text()
    );
    let seconds = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse::<u64>();
    assert!(seconds.is_ok_and(|seconds| seconds > 0), "{answer:?}");
}

/// Posts one more until it is taken, and checks that all taken ones arrive.
async fn assert_goes_on(
    gateway: &Gateway,
    sender: &Sender,
    destination: &Destination,
    mut expected: BTreeSet<String>,
) {
    let mut client = Client::new(gateway.public());
    let post = sender.post("evt_after", payment("evt_after", "cus_1"));
    wait::until_ok("an event is taken again", WITHIN, async || {
        client
            .post(&post)
            .await
            .is_ok_and(|answer| answer.is_success())
    })
    .await;
    expected.insert("evt_after".to_owned());
    // After a failed commit it is not believed at once.
    wait::until_ok("the gateway is ready again", WITHIN, async || {
        gateway.readiness().await == 200
    })
    .await;
    destination.wait_for_effects(expected.len(), WITHIN).await;
    let effects = destination.effects();
    let effected: BTreeSet<String> = effects.iter().map(|one| payment_id(&one.body)).collect();
    assert!(
        effected.is_superset(&expected),
        "something answered 2xx is lost"
    );
}

/// A tmpfs of a few megabytes; unmounted when dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// Mounts it; `None`, with a printed line, where that takes rights we have not.
    fn mount(at: &'a Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
            .arg(at)
            .output();
        let is_mounted = mounted.is_ok_and(|output| output.status.success());
        if !is_mounted {
            println!("skipped: mounting a small tmpfs takes root");
        }
        is_mounted.then_some(Self(at))
    }

    fn resize(&self, size: &str) {
        let done = Command::new("mount")
            .arg("-o")
            .arg(format!("remount,size={size}"))
            .arg(self.0)
            .status();
        assert!(done.unwrap().success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}
