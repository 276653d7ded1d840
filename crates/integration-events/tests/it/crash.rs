//! What was acknowledged survives SIGKILL.
//!
//! The test runs itself once more as a child, which appends until it is killed and writes each id
//! to its standard output once the append has resolved.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use integration_events::{EventId, SqliteConfig, SqliteStore, Store};

use crate::support::{NOW, event, open};

const ROUNDS: u128 = 3;
const ACKNOWLEDGED: usize = 300;
const NAME: &str = "crash::every_acknowledged_event_is_there_after_a_kill";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_event_is_there_after_a_kill() {
    let child = std::env::vars().find(|(name, _)| name == "EVENTS_TEST_CHILD");
    if let Some((_, argument)) = child {
        let (round, dir) = argument.split_once(' ').unwrap();
        append_until_killed(round.parse().unwrap(), dir.as_ref()).await;
    }
    let dir = tempfile::tempdir().unwrap();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(
                "EVENTS_TEST_CHILD",
                format!("{round} {}", dir.path().display()),
            )
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let mut acknowledged: Vec<EventId> = Vec::new();
        let ids = lines
            .by_ref()
            .filter_map(|line| line.parse::<EventId>().ok());
        acknowledged.extend(ids.take(ACKNOWLEDGED));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(lines.filter_map(|line| line.parse::<EventId>().ok()));
        assert!(
            acknowledged.len() >= ACKNOWLEDGED,
            "{} only",
            acknowledged.len()
        );
        let path = dir.path().join("events.db");
        let store = SqliteStore::open_exclusive(path, SqliteConfig::default(), NOW).unwrap();
        for id in acknowledged {
            assert!(store.event(id).await.unwrap().is_some(), "{id} is lost");
        }
    }
}

async fn append_until_killed(round: u128, dir: &std::path::Path) {
    let store = open(dir);
    let producers = (0..32_u128).map(|producer| {
        let store = store.clone();
        tokio::spawn(async move {
            for no in 0.. {
                let new = event((round << 96) | (producer << 64) | no, "a", None);
                let id = new.id;
                store.append(new).await.unwrap();
                // One write of a whole line, so that lines do not mix.
                let line = format!("\n{id}\n");
                std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                std::io::stdout().lock().flush().unwrap();
            }
        })
    });
    for producer in producers.collect::<Vec<_>>() {
        producer.await.unwrap();
    }
}
