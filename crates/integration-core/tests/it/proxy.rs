//! A proxy of the environment, in a process of its own that has such an environment.

use std::process::Command;

use integration_core::{
    config::process_env,
    http::{HttpConfig, Proxy},
};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{builder, quick};

/// Does nothing, unless the test below started it.
#[tokio::test]
async fn proxied_process() {
    if process_env("PROXY_TEST").is_none() {
        return;
    }
    let server = ScriptedServer::start(|_| Reply::ok("from the server"))
        .await
        .unwrap();
    for (setting, expected) in [
        (Proxy::None, "from the server"),
        (Proxy::FromEnvironment, "from the proxy"),
    ] {
        let http = HttpConfig::default().with_proxy(setting);
        let client = builder(&server, quick()).http(http).build().unwrap();
        let response = client.get("/pay").send().await.unwrap();
        assert_eq!(response.body(), expected, "{setting:?}");
    }
    println!("\nproxied {}.", server.address());
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_obeyed_only_when_asked_for() {
    let proxy = ScriptedServer::start(|_| Reply::ok("from the proxy"))
        .await
        .unwrap();
    let url = proxy.url("");
    let child = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "proxy::proxied_process", "--nocapture"])
            .env("PROXY_TEST", "1")
            .env("HTTP_PROXY", &url)
            .env("http_proxy", &url)
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .output()
            .unwrap()
    });
    let output = child.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("\nproxied"),
        "{text}"
    );
    let received = proxy.received();
    assert_eq!(received.len(), 1);
    let host = received[0].header("host");
    assert!(
        text.contains(&format!("\nproxied {host}.")),
        "{host}: {text}"
    );
}
