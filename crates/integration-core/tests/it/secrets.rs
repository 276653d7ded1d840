//! No secret appears in anything that is shown.

use std::time::Duration;

use integration_core::{SecretString, http::Client};
use integration_testkit::{Canary, Reply, ScriptedServer};

use crate::support::{quick, recorded, shown};

#[tokio::test]
async fn a_secret_appears_in_no_debug_display_error_or_event() {
    let canary = Canary::new();
    let secret = canary.as_str().to_owned();
    let server = ScriptedServer::start(move |request| match request.number {
        0 => Reply::status(500).body(secret.clone()),
        1 => Reply::reset(),
        2 => Reply::ok(secret.clone()).stall_after(3),
        3 => Reply::ok(secret.clone()).cut_after(3),
        4 => Reply::status(302).header("location", &format!("http://u:{secret}@h/p?k={secret}")),
        _ => Reply::ok(secret.clone()).header("x-token", &secret),
    })
    .await
    .unwrap();
    let (_, events) = recorded(&server, quick());
    let client = Client::standard(&server.url("/v1"))
        .unwrap()
        .secret_header("x-api-key", &canary.secret())
        .unwrap()
        .observer(events.clone())
        .policies(quick());
    canary.assert_hidden_by(&client);
    let client = client.build().unwrap();
    canary.assert_hidden_by(&client);

    for number in 0..6 {
        let call = client
            .post(&format!("/pay?key={}", canary.as_str()))
            .bearer(&canary.secret())
            .header("x-other", canary.as_str())
            .idempotency_key(canary.as_str())
            .attempt_timeout(Duration::from_millis(200))
            .max_attempts(1)
            .body(canary.as_str().to_owned());
        canary.assert_hidden_by(&call);
        match call.send().await {
            Ok(response) => {
                assert_eq!(number, 5);
                canary.assert_hidden_by(&response);
                canary.assert_absent(&shown(&response.json::<u32>().unwrap_err()));
            }
            Err(error) => canary.assert_absent(&shown(&error)),
        }
    }
    canary.assert_absent(&events.text());
    assert_eq!(server.received()[0].header("x-api-key"), canary.as_str());
    assert_eq!(
        server.received()[0].header("authorization"),
        format!("Bearer {}", canary.as_str())
    );
}

#[tokio::test]
async fn a_mistake_in_a_secret_header_does_not_show_it() {
    let canary = Canary::new();
    let broken = SecretString::from(format!("{}\n", canary.as_str()));
    let builder = Client::standard("http://127.0.0.1:9").unwrap();
    let error = builder.secret_header("x-api-key", &broken).unwrap_err();
    canary.assert_absent(&shown(&error));
    let client = Client::standard("http://127.0.0.1:9")
        .unwrap()
        .build()
        .unwrap();
    let error = client.get("/").bearer(&broken).send().await.unwrap_err();
    canary.assert_absent(&shown(&error));
    let address = format!(
        "http://user:{}@127.0.0.1:9/?k={}",
        canary.as_str(),
        canary.as_str()
    );
    canary.assert_absent(&shown(&Client::standard(&address).unwrap_err()));
    canary.assert_absent(&shown(&client.get(&address).send().await.unwrap_err()));
}

#[tokio::test]
async fn a_secret_header_goes_to_the_host_of_the_base_only() {
    let canary = Canary::new();
    let own = ScriptedServer::replies([Reply::ok("")]).await.unwrap();
    let other = ScriptedServer::replies([Reply::ok("")]).await.unwrap();
    let client = Client::standard(&own.url(""))
        .unwrap()
        .secret_header("x-api-key", &canary.secret())
        .unwrap()
        .build()
        .unwrap();
    client.get("/").send().await.unwrap();
    client.get(&other.url("/")).send().await.unwrap();
    assert_eq!(own.received()[0].header("x-api-key"), canary.as_str());
    canary.assert_absent(&format!("{:?}", other.received()));
}
