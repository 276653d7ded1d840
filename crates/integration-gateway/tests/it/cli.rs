//! `check`, `events` and `dead` as a person or a script uses them.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use bytes::Bytes;
use integration_core::{Clock as _, SystemClock};
use integration_events::{
    AttemptResult, ClaimRequest, DeliveryState, EventId, NewDelivery, NewEvent, Resolution,
    Settlement, SqliteConfig, SqliteStore, Store as _, UnixMillis,
};
use integration_testkit::Canary;
use serde_json::Value;
use tempfile::TempDir;

const CONFIG: &str = "
[sources.stripe]
scheme = \"stripe\"
secrets = [\"env:STRIPE_WEBHOOK_SECRET\"]
[[routes]]
name = \"billing\"
source = \"stripe\"
url = \"http://127.0.0.1:9/hooks\"
";

/// A folder to run in, with the store where it is by default.
struct Place {
    folder: TempDir,
    store: SqliteStore,
}

impl Place {
    /// Makes a store, held as a running gateway holds it.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("integration-data");
        fs::create_dir(&data).unwrap();
        let path = data.join("integration.sqlite");
        let store = SqliteStore::open_exclusive(path, SqliteConfig::default(), now()).unwrap();
        Self { folder, store }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(self.folder.path(), arguments, &[])
    }

    /// Runs a command on the store, which must succeed, and returns what it prints.
    fn told(&self, arguments: &[&str]) -> String {
        let arguments = [arguments, &["--data-dir", "integration-data"]].concat();
        let output = self.run(&arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
        stdout(&output)
    }

    /// The same for JSON, an object a line.
    fn objects(&self, arguments: &[&str]) -> Vec<Value> {
        let told = self.told(&[arguments, &["--json"]].concat());
        let lines = told.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }

    /// Stores events numbered from 0, of which those below `dead` are dead letters.
    async fn store(&self, events: u8, dead: u8) {
        for number in 0..events {
            self.store.append(event(number)).await.unwrap();
        }
        let claim = ClaimRequest {
            limit: usize::from(dead),
            lease: Duration::from_secs(60),
            now: now().plus(Duration::from_secs(1)),
            routes: None,
        };
        let leases = if dead == 0 {
            Vec::new()
        } else {
            self.store.claim(claim).await.unwrap()
        };
        assert_eq!(leases.len(), usize::from(dead));
        let settlements = leases.iter().map(|lease| Settlement {
            delivery: lease.delivery,
            token: lease.token,
            attempt: AttemptResult {
                started_at: now(),
                elapsed: Duration::from_millis(3),
                status: Some(500),
                error: Some("refused \u{1b}[2J by the destination".to_owned()),
            },
            resolution: Resolution::Dead,
        });
        self.store
            .settle(settlements.collect(), now())
            .await
            .unwrap();
    }

    async fn count(&self, state: DeliveryState) -> u64 {
        self.store.stats(now()).await.unwrap().count(state)
    }
}

fn event(number: u8) -> NewEvent {
    let body = match number {
        1 => Bytes::from_static(&[0xff, 0x00, 0xfe]),
        _ => Bytes::from(format!("{{\"no\":{number}}}")),
    };
    let kind = if number == 0 {
        "payment_intent.succeeded"
    } else {
        "invoice.paid"
    };
    NewEvent {
        id: id(number),
        source: "stripe".into(),
        provider_id: format!("evt_{number}"),
        id_signed: true,
        event_type: Some(kind.to_owned()),
        occurred_at: None,
        received_at: now(),
        headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
        body,
        deliveries: vec![NewDelivery {
            route: "billing".into(),
            order_key: None,
            max_attempts: 1,
        }],
    }
}

fn id(number: u8) -> EventId {
    EventId::from_bytes([number; 16])
}

fn now() -> UnixMillis {
    UnixMillis::from_duration(SystemClock.unix())
}

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(folder, arguments, variables).output().unwrap()
}

fn command(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_integration-gateway"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Checks that a command ends with this code and these words on stderr.
fn refuses(output: &Output, code: i32, words: &[&str]) {
    let told = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{told}");
    for word in words {
        assert!(told.contains(word), "{told}\nlacks {word}");
    }
    assert!(!told.contains("panicked"), "{told}");
}

#[test]
fn every_help_teaches_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["serve"][..],
        &["check"],
        &["events", "list"],
        &["events", "show"],
        &["events", "replay"],
        &["dead", "list"],
        &["dead", "replay"],
        &["dead", "drop"],
        &["send"],
        &["verify"],
    ] {
        let output = run(folder.path(), &[arguments, &["--help"]].concat(), &[]);
        assert!(output.status.success());
        let help = stdout(&output);
        assert!(help.contains("Example"), "{arguments:?}: {help}");
        assert!(
            help.contains("integration-gateway "),
            "{arguments:?}: {help}"
        );
    }
    let help = stdout(&run(folder.path(), &["--help"], &[]));
    assert!(help.contains("Exit codes:"), "{help}");
}

#[test]
fn wrong_usage_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, word) in [
        (&[][..], "Usage"),
        (&["serv"], "serve"),
        (&["events"], "Usage"),
        (&["events", "list", "--limit", "0"], "1 to 100000"),
        (&["events", "list", "--since", "1"], "an age is a number"),
        (&["events", "show", "evt_1"], "32 hexadecimal digits"),
        (&["events", "replay"], "--all"),
        (
            &["events", "replay", "--all", "--state", "ready"],
            "done, dead or dropped",
        ),
        (&["events", "replay", "--all", "--rate", "0"], "1..=100000"),
        (&["dead", "replay"], "--all"),
        (&["dead", "drop"], "--all"),
        (&["dead", "drop", "--since", "1h"], "--all"),
        (&["dead", "drop", "1", "--all"], "cannot be used with"),
    ] {
        let output = run(folder.path(), arguments, &[]);
        refuses(&output, 2, &[word]);
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn without_a_configuration_the_way_on_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["check"][..], &["serve"], &["dead", "list"]] {
        let output = run(folder.path(), arguments, &[]);
        let words = [
            "./integration-gateway.toml",
            "--config FILE",
            "integration-gateway demo",
        ];
        refuses(&output, 2, &words);
    }
}

#[test]
fn check_prints_what_is_resolved_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("integration-gateway.toml"), CONFIG).unwrap();
    let canary = Canary::new();
    let variables = [
        ("STRIPE_WEBHOOK_SECRET", canary.as_str()),
        ("INTEGRATION_GATEWAY__LOG", "debug"),
    ];
    let output = run(folder.path(), &["check"], &variables);
    assert!(output.status.success(), "{}", stderr(&output));
    let told = stdout(&output);
    for line in [
        "listen = \"127.0.0.1:8787\"  # default",
        "log = \"debug\"  # INTEGRATION_GATEWAY__LOG",
        "secrets = [\"env:STRIPE_WEBHOOK_SECRET\"]",
        "url = \"http://127.0.0.1:9/hooks\"",
    ] {
        assert!(
            told.lines().any(|told| told == line),
            "{told}\nlacks {line}"
        );
    }
    canary.assert_absent(&(told + &stderr(&output)));
}

#[test]
fn check_refuses_what_serve_would() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.toml");
    for (text, words) in [
        ("", &["there is no source", "[sources.stripe]"][..]),
        (CONFIG, &["STRIPE_WEBHOOK_SECRET, which is not set"]),
        (
            "lisen = 1",
            &["unknown key `lisen`", "`listen`", "other.toml"],
        ),
        ("listen = ", &["other.toml is not TOML: line 1"]),
    ] {
        fs::write(&file, text).unwrap();
        for name in ["check", "serve"] {
            let output = run(folder.path(), &[name, "--config", "other.toml"], &[]);
            refuses(&output, 2, words);
        }
    }
}

#[test]
fn a_store_that_is_not_there_yet_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["events", "list"][..],
        &["dead", "list"],
        &["dead", "drop", "--all"],
    ] {
        let arguments = [arguments, &["--data-dir", "nowhere"]].concat();
        let output = run(folder.path(), &arguments, &[]);
        refuses(&output, 1, &["there is nothing yet", "nowhere"]);
    }
    assert!(!folder.path().join("nowhere").exists());
}

#[tokio::test]
async fn the_store_is_read_beside_a_gateway_and_without_secrets() {
    let place = Place::new();
    place.store(3, 0).await;
    fs::write(place.folder.path().join("integration-gateway.toml"), CONFIG).unwrap();
    let output = place.run(&["events", "list"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 4);
}

#[tokio::test]
async fn events_are_listed_the_latest_first() {
    let place = Place::new();
    place.store(3, 0).await;
    let first = place.objects(&["events", "list", "--limit", "1"]);
    let keys: Vec<&String> = first[0].as_object().unwrap().keys().collect();
    let expected = [
        "body_bytes",
        "duplicates",
        "id",
        "id_signed",
        "is_emptied",
        "occurred_at",
        "provider_id",
        "received_at",
        "source",
        "type",
    ];
    assert_eq!(keys, expected);
    let ids = |arguments: &[&str]| -> Vec<String> {
        let objects = place.objects(&[&["events", "list"], arguments].concat());
        let ids = objects.iter().map(|o| o["id"].as_str().unwrap().to_owned());
        ids.collect()
    };
    let named = |numbers: &[u8]| -> Vec<String> {
        numbers
            .iter()
            .map(|number| id(*number).to_string())
            .collect()
    };
    assert_eq!(ids(&[]), named(&[2, 1, 0]));
    assert_eq!(ids(&["--type", "payment_intent.*"]), named(&[0]));
    assert_eq!(
        ids(&["--source", "stripe", "--since", "1h"]),
        named(&[2, 1, 0])
    );
    assert_eq!(ids(&["--source", "github"]), named(&[]));
    assert_eq!(ids(&["--until", "1h"]), named(&[]));
    assert_eq!(ids(&["--limit", "3"]), named(&[2, 1, 0]));
    assert_eq!(ids(&["--limit", "2"]), named(&[2, 1]));

    let arguments = [
        "events",
        "list",
        "--limit",
        "2",
        "--data-dir",
        "integration-data",
    ];
    let output = place.run(&arguments);
    assert!(
        stdout(&output).starts_with("RECEIVED"),
        "{}",
        stdout(&output)
    );
    assert!(
        stderr(&output).contains("note: only the latest 2"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        place.told(&["events", "list", "--source", "github"]),
        "none\n"
    );
}

#[tokio::test]
async fn an_event_is_shown_with_its_history() {
    let place = Place::new();
    place.store(2, 1).await;
    let [shown] = place
        .objects(&["events", "show", &id(0).to_string()])
        .try_into()
        .unwrap();
    assert_eq!(shown["type"], "payment_intent.succeeded");
    assert_eq!(shown["body"], "{\"no\":0}");
    assert_eq!(shown["headers"][0]["name"], "content-type");
    let delivery = &shown["deliveries"][0];
    assert_eq!(
        (&delivery["route"], &delivery["state"]),
        (&"billing".into(), &"dead".into())
    );
    assert_eq!(delivery["history"][0]["status"], 500);

    let text = place.told(&["events", "show", &id(0).to_string()]);
    assert!(text.contains("to billing: dead since"), "{text}");
    assert!(text.contains("{\"no\":0}"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");

    let [bytes] = place
        .objects(&["events", "show", &id(1).to_string()])
        .try_into()
        .unwrap();
    assert_eq!(bytes["body_base64"], "/wD+");
    assert_eq!(bytes.get("body"), None);

    let arguments = [
        "events",
        "show",
        &id(9).to_string(),
        "--data-dir",
        "integration-data",
    ];
    refuses(&place.run(&arguments), 1, &["there is no event evt_0909"]);
}

#[tokio::test]
async fn dead_letters_are_listed_replayed_and_dropped() {
    let place = Place::new();
    place.store(5, 4).await;
    let letters = place.objects(&["dead", "list"]);
    assert_eq!(letters.len(), 4);
    assert_eq!(letters[3]["event_id"], id(0).to_string());
    assert_eq!(letters[3]["attempts"], 1);
    let table = place.told(&["dead", "list"]);
    assert_eq!(table.lines().count(), 5);
    assert!(!table.contains('\u{1b}'), "{table:?}");

    let told = place.told(&["dead", "replay", "--all", "--dry-run"]);
    assert_eq!(told, "4 deliveries would be replayed\n");
    let told = place.told(&["dead", "replay", &id(0).to_string()]);
    assert_eq!(told, "1 delivery replayed\n");
    let number = letters[0]["delivery"].to_string();
    let told = place.objects(&["dead", "replay", &number, "--rate", "5"]);
    assert_eq!(told[0]["replayed"], 1);
    assert_eq!(place.count(DeliveryState::Ready).await, 3);

    let told = place.told(&["dead", "replay", "--route", "other"]);
    assert_eq!(told, "0 deliveries replayed\n");
    let told = place.told(&["dead", "drop", "--all", "--dry-run"]);
    assert_eq!(told, "2 deliveries would be dropped\n");
    assert_eq!(place.count(DeliveryState::Dead).await, 2);
    let told = place.told(&["dead", "drop", &id(1).to_string()]);
    assert_eq!(told, "1 delivery dropped\n");
    let told = place.objects(&["dead", "drop", "--all"]);
    assert_eq!(told[0]["dropped"], 1);
    assert_eq!(place.count(DeliveryState::Dropped).await, 2);

    for name in ["replay", "drop"] {
        let arguments = [
            "dead",
            name,
            &id(0).to_string(),
            "--data-dir",
            "integration-data",
        ];
        refuses(
            &place.run(&arguments),
            1,
            &["not there or in another state"],
        );
    }
}

#[tokio::test]
async fn events_are_replayed_whatever_became_of_them() {
    let place = Place::new();
    place.store(3, 2).await;
    place.told(&["dead", "drop", &id(1).to_string()]);
    let dry = |more: &[&str]| {
        let arguments = [&["events", "replay", "--all", "--dry-run"], more].concat();
        place.objects(&arguments)[0]["replayed"].as_u64().unwrap()
    };
    assert_eq!(dry(&[]), 2, "what is under way is left alone");
    assert_eq!(dry(&["--state", "dropped"]), 1);
    assert_eq!(dry(&["--type", "payment_intent.*"]), 1);
    let told = place.told(&["events", "replay", &id(1).to_string()]);
    assert_eq!(told, "1 delivery replayed\n");
    assert_eq!(place.count(DeliveryState::Ready).await, 2);
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    place.store(200, 0).await;
    let arguments = [
        "events",
        "list",
        "--limit",
        "200",
        "--json",
        "--data-dir",
        "integration-data",
    ];
    let mut child = command(place.folder.path(), &arguments, &[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(0));
}
