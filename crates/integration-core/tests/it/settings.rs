//! Settings that change while a client runs, on a real server; and the page that documents them.

use std::{fs, path::Path, time::Duration};

use integration_core::{
    ErrorKind, GaveUp, Result,
    http::{Client, HttpConfig},
    resilience::{Config, Preset},
    settings::{self, ServiceSettings, Settings},
};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{client, now, quick};

const QUICK: &str = "
deadline = \"5s\"
attempt_timeout = \"4s\"
retry.backoff = { base = \"5ms\", cap = \"20ms\" }
";

fn demo(toml: &str) -> Result<ServiceSettings> {
    Settings::from_toml(&format!("[demo]{QUICK}{toml}"))?.service("demo", Preset::Standard)
}

fn started(server: &ScriptedServer, toml: &str) -> Client {
    let builder = Client::standard(&server.url("")).unwrap();
    builder.settings(&demo(toml).unwrap()).build().unwrap()
}

async fn failing() -> ScriptedServer {
    ScriptedServer::start(|_| Reply::status(503)).await.unwrap()
}

#[tokio::test]
async fn attempts_that_are_reloaded_hold_for_the_next_call() {
    let server = failing().await;
    let client = started(&server, "");
    for (reload, attempts) in [
        ("", 3),
        ("retry.max_attempts = 1", 1),
        ("retry.max_attempts = 5", 5),
    ] {
        client.reload(&demo(reload).unwrap()).unwrap();
        let before = server.count();
        client.get("/").send().await.unwrap_err();
        assert_eq!(server.count() - before, attempts, "{reload}");
    }
}

#[tokio::test]
async fn a_call_under_way_keeps_its_attempts_while_others_begin_with_fewer() {
    let server = ScriptedServer::start(|request| match request.path.as_str() {
        "/slow" => Reply::status(503).delay(Duration::from_millis(150)),
        _ => Reply::status(503),
    })
    .await
    .unwrap();
    let client = started(&server, "");
    let running = tokio::spawn(client.get("/slow").send());
    server.wait_for(1).await;
    client
        .reload(&demo("retry.max_attempts = 1").unwrap())
        .unwrap();
    let next = client.get("/quick").send().await.unwrap_err();
    assert_eq!(next.attempts().len(), 1);
    let running = running.await.unwrap().unwrap_err();
    assert_eq!(running.attempts().len(), 3);
    assert_eq!(running.gave_up(), Some(GaveUp::AttemptsUsed));
}

#[tokio::test]
async fn a_rate_limit_is_reloaded_while_calls_wait_for_it() {
    let server = ScriptedServer::start(|_| Reply::ok("done")).await.unwrap();
    let client = started(&server, "rate_limit.quotas = [\"1 calls per 1m\"]");
    client.get("/").send().await.unwrap();
    let refused = client.get("/").send().await.unwrap_err();
    assert_eq!(
        refused.kind(),
        ErrorKind::LimitedLocally,
        "the next is due in a minute"
    );

    let faster = "rate_limit.quotas = [\"1 calls per 300ms\"]";
    client.reload(&demo(faster).unwrap()).unwrap();
    let began = now();
    let calls: Vec<_> = (0..3)
        .map(|_| tokio::spawn(client.get("/").send()))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let took = now() - began;
    assert!(
        took >= Duration::from_millis(600),
        "what was taken stays taken: {took:?}"
    );
    assert!(took < Duration::from_secs(5), "{took:?}");

    client.reload(&demo("rate_limit = false").unwrap()).unwrap();
    for _ in 0..10 {
        client.get("/").send().await.unwrap();
    }
}

#[tokio::test]
async fn an_open_circuit_stays_open_through_a_reload() {
    let server = failing().await;
    let breaker = "circuit_breaker.window = \"2 in a row\"\n";
    let client = started(&server, breaker);
    client.get("/").send().await.unwrap_err();
    client
        .reload(&demo(&format!("{breaker}http.body_limit = 9")).unwrap())
        .unwrap();
    let before = server.count();
    let error = client.get("/").send().await.unwrap_err();
    assert_eq!(
        (error.kind(), server.count()),
        (ErrorKind::CircuitOpen, before)
    );
}

#[tokio::test]
async fn the_limit_of_bodies_is_reloaded() {
    let server = ScriptedServer::start(|_| Reply::ok("0123456789"))
        .await
        .unwrap();
    let client = started(&server, "");
    client.get("/").send().await.unwrap();
    client
        .reload(&demo("http.body_limit = 9").unwrap())
        .unwrap();
    let error = client.get("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
}

#[tokio::test]
async fn what_needs_other_connections_is_refused_and_nothing_of_it_done() {
    let server = failing().await;
    let client = started(&server, "");
    let rows = [
        (
            "http.connect_timeout = \"1s\"",
            "`connect_timeout` cannot change",
        ),
        ("http.pool_per_host = 1", "`pool_per_host` cannot change"),
        ("http.proxy = \"environment\"", "`proxy` cannot change"),
        ("base = \"http://127.0.0.1:1\"", "`base` cannot change"),
    ];
    for (line, expected) in rows {
        let settings = demo(&format!("retry.max_attempts = 1\n{line}")).unwrap();
        let error = client.reload(&settings).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    client.get("/").send().await.unwrap_err();
    assert_eq!(server.count(), 3, "as many attempts as before");
    let same = demo(&format!("base = \"{}\"", server.url(""))).unwrap();
    client.reload(&same).unwrap();
}

#[tokio::test]
async fn a_configuration_is_replaced_without_a_file_too() {
    let server = failing().await;
    let client = client(&server, quick());
    client
        .reconfigure(quick().with_max_attempts(2), HttpConfig::default())
        .unwrap();
    client.get("/").send().await.unwrap_err();
    assert_eq!(server.count(), 2);
    let error = client.reconfigure(
        Config::default().with_max_attempts(0),
        HttpConfig::default(),
    );
    assert!(error.unwrap_err().to_string().contains("`max_attempts`"));
    client.get("/").max_attempts(1).send().await.unwrap_err();
    assert_eq!(server.count(), 3, "a call may ask for what it wants");
}

#[tokio::test]
async fn a_base_with_a_path_is_called_below_it() {
    let server = ScriptedServer::start(|_| Reply::ok("")).await.unwrap();
    let base = server.url("/v1/");
    let settings = demo(&format!("base = \"{base}\"")).unwrap();
    let builder = Client::standard(settings.base().unwrap()).unwrap();
    let client = builder.settings(&settings).build().unwrap();
    client.get("/charges").send().await.unwrap();
    assert_eq!(server.received()[0].path, "/v1/charges");
}

#[test]
fn the_page_has_the_table_of_settings() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/SETTINGS.md");
    if !page.parent().is_some_and(Path::is_dir) {
        return;
    }
    let mut table =
        String::from("| setting | written as | default | what it is |\n|---|---|---|---|\n");
    for key in settings::keys() {
        let default = key
            .default
            .map_or("none".to_owned(), |value| format!("`{value}`"));
        let form = key.form.replace('|', "\\|");
        table += &format!("| `{}` | {form} | {default} | {} |\n", key.path, key.help);
    }
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.contains(&table),
        "docs/SETTINGS.md needs this table:\n{table}"
    );
}
