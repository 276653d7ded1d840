//! Four processes that share one quota.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use integration_core::{
    Backoff, Clock, FastRng, Jitter, SecretString, SystemClock,
    config::process_env,
    rate_limit::Quota,
    shared_store::{Demands, Fleet, FleetConfig, FleetEvent, RedisConfig, RedisStore, Verdict},
};
use tokio::time::sleep;

use super::server::Redis;

const MEMBERS: u32 = 4;
const PERMITS: u32 = 60;
const BURST: u32 = 12;
const PER: Duration = Duration::from_secs(1);

/// One call: when it was asked for and answered, each moved by the wait that it was given, in
/// microseconds of the wall clock. It counted in the store somewhere in between.
type Went = (u128, u128);

/// What one process did.
#[derive(Default)]
struct Record {
    went: Vec<Went>,
    degraded: usize,
    restored: usize,
    unexpected: Vec<String>,
}

/// Does nothing, unless a test of this file started it: then it is one member of the fleet.
#[tokio::test]
async fn member_process() {
    let Some(url) = process_env("FLEET_URL") else {
        return;
    };
    let var = |name| process_env(name).unwrap();
    let millis: u64 = var("FLEET_MS").parse().unwrap();
    let redis = RedisConfig::new(SecretString::from(url)).with_prefix(var("FLEET_PREFIX"));
    let retry = Backoff::exponential(Duration::from_millis(50), Duration::from_millis(400));
    let config = FleetConfig::new(MEMBERS).with_backoff(retry.with_jitter(Jitter::Equal));
    let store = Arc::new(RedisStore::new(redis).unwrap());
    let fleet = Fleet::new(store, config, SystemClock::shared(), Arc::new(FastRng)).unwrap();
    let fleet = Arc::new(fleet.on_change(|event| match event {
        FleetEvent::Degraded { .. } => println!("\ndegraded"),
        FleetEvent::Restored { .. } => println!("\nrestored"),
        _ => println!("\nunexpected {event:?}"),
    }));
    let end = SystemClock.now() + Duration::from_millis(millis);
    let tasks: Vec<_> = (0..3)
        .map(|_| tokio::spawn(call(fleet.clone(), end)))
        .collect();
    for task in tasks {
        for (asked, answered) in task.await.unwrap() {
            println!("\nwent {asked} {answered}");
        }
    }
}

/// Calls as often as it may.
async fn call(fleet: Arc<Fleet>, end: tokio::time::Instant) -> Vec<Went> {
    let demands = Demands::one(Quota::new(PERMITS, PER).with_burst(BURST)).unwrap();
    let mut went = Vec::new();
    while SystemClock.now() < end {
        let asked = SystemClock.unix();
        let verdict = fleet.admit("api.example.com", &demands, PER).await;
        let answered = SystemClock.unix();
        let wait = match verdict {
            Verdict::Go => Duration::ZERO,
            Verdict::Wait(wait) => wait,
            Verdict::Full(wait) | Verdict::Paused(wait) => {
                sleep(wait.max(Duration::from_millis(1))).await;
                continue;
            }
        };
        went.push(((asked + wait).as_micros(), (answered + wait).as_micros()));
        sleep(wait).await;
    }
    went
}

fn start_members(redis: &Redis, time: Duration) -> Vec<Child> {
    let start = |_| {
        Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "shared_store::processes::member_process",
                "--nocapture",
            ])
            .env("FLEET_URL", &redis.url)
            .env("FLEET_PREFIX", &redis.prefix)
            .env("FLEET_MS", time.as_millis().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    (0..MEMBERS).map(start).collect()
}

/// Waits for the processes on a thread of its own, so that their pipes never fill.
async fn records(members: Vec<Child>) -> Vec<Record> {
    let read = |child: Child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "a member failed");
        let mut record = Record::default();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let words: Vec<_> = line.split(' ').collect();
            match words.as_slice() {
                ["went", asked, answered] => {
                    let went = (asked.parse().unwrap(), answered.parse().unwrap());
                    record.went.push(went);
                }
                ["degraded"] => record.degraded += 1,
                ["restored"] => record.restored += 1,
                ["unexpected", ..] => record.unexpected.push(line.to_owned()),
                _ => {}
            }
        }
        assert!(record.unexpected.is_empty(), "{:?}", record.unexpected);
        record
    };
    let all: Vec<_> = members
        .into_iter()
        .map(|child| tokio::task::spawn_blocking(move || read(child)))
        .collect();
    let mut records = Vec::new();
    for record in all {
        records.push(record.await.unwrap());
    }
    records
}

/// The most calls that went for certain in any window of one period that begins when `counts`.
fn most_in_a_window(records: &[Record], counts: impl Fn(u128) -> bool) -> usize {
    let went: Vec<_> = records.iter().flat_map(|record| &record.went).collect();
    let within = |start: u128| {
        let inside =
            |(asked, answered): &&&Went| *asked >= start && *answered < start + PER.as_micros();
        went.iter().filter(inside).count()
    };
    let starts = went
        .iter()
        .map(|went| went.0)
        .filter(|start| counts(*start));
    starts.map(within).max().unwrap_or(0)
}

fn total(records: &[Record]) -> usize {
    records.iter().map(|record| record.went.len()).sum()
}

#[tokio::test]
async fn four_processes_stay_within_one_quota_and_use_it() {
    let Some(redis) = Redis::running() else {
        return;
    };
    let records = records(start_members(&redis, Duration::from_millis(2_500))).await;
    let most = most_in_a_window(&records, |_| true);
    let allowed = usize::try_from(PERMITS + BURST).unwrap();
    assert!(most <= allowed, "{most} in a window");
    // 2.5 s of the rate and the burst are 162. A member that lost the store for a moment has its
    // part only, so that a busy machine gets along with less.
    let total = total(&records);
    assert!(total > 100, "{total} went");
    assert!(records.iter().all(|record| record.went.len() > 5));
}

#[tokio::test]
async fn four_processes_stay_within_one_more_burst_while_redis_is_stopped_and_started() {
    let Some(mut private) = Redis::private(&[]) else {
        return;
    };
    private.remembers_a_week();
    let members = start_members(&private, Duration::from_millis(6_000));
    let reading = tokio::spawn(records(members));
    sleep(Duration::from_millis(2_000)).await;
    let killed = SystemClock.unix();
    private.kill();
    sleep(Duration::from_millis(1_200)).await;
    private.start_again();
    // Back-off, bound, own slots, and then all of them have the store again.
    let settled = SystemClock.unix() + Duration::from_millis(400 + 50 + 250);
    let records = reading.await.unwrap();
    let allowed = usize::try_from(PERMITS + BURST).unwrap();
    let most = most_in_a_window(&records, |start| {
        start + PER.as_micros() < killed.as_micros()
    });
    assert!(most <= allowed, "{most} in a window before");
    let most = most_in_a_window(&records, |start| start > settled.as_micros());
    assert!(most <= allowed, "{most} in a window after");
    let most = most_in_a_window(&records, |_| true);
    let one_more = usize::try_from(BURST).unwrap();
    assert!(most <= allowed + one_more, "{most} in a window");
    let total = total(&records);
    assert!(total > 200, "{total} went");
    for record in &records {
        assert!(record.degraded >= 1, "a member did not notice");
        assert!(record.restored >= 1, "a member did not come back");
        assert!(record.went.len() > 20, "{} went", record.went.len());
    }
}
