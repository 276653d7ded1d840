//! Every operation is called once, against a server that keeps what it got.

#[rustfmt::skip]
mod calls;

use std::collections::{BTreeMap, BTreeSet};

use integration_stripe::{Client, Config, op::Host};
use integration_testkit::{Received, Reply, ScriptedServer};

use crate::surface::{self, Operation};

#[tokio::test]
async fn every_operation_sends_what_the_surface_says() {
    let server = ScriptedServer::start(|_: &Received| Reply::ok("{}"))
        .await
        .unwrap();
    let config = Config::new("sk_test".to_owned().into())
        .with_base_url(server.url("").trim_end_matches('/'))
        .with_rate_limit(10_000);
    let client = Client::new(config).unwrap();
    let surface: BTreeMap<String, Operation> = surface::operations()
        .into_iter()
        .map(|o| (o.name.clone(), o))
        .collect();
    let mut seen = BTreeSet::new();
    for (name, call) in calls::calls(&client) {
        let expected = &surface[name];
        assert_eq!(call.op().name, name);
        assert_eq!(host(call.op().host), expected.host, "{name}");
        call.send().await.unwrap_or_else(|e| panic!("{name}: {e}"));
        let request = server.received().pop().unwrap();
        assert_eq!(request.method.as_str(), expected.verb, "{name}");
        let path = request.path.split('?').next().unwrap_or_default();
        assert_eq!(
            path,
            expected.path.replace('{', "id_").replace('}', ""),
            "{name}"
        );
        assert_eq!(sent(&request), expected.params, "{name}");
        seen.insert(name);
    }
    assert_eq!(seen.len(), 619);
    assert_eq!(surface.len(), 619);
}

fn host(host: Host) -> &'static str {
    match host {
        Host::Api => "api",
        Host::Files => "files",
        Host::MeterEvents => "meter-events",
        Host::Connect => "connect",
        _ => "one that this test does not know",
    }
}

/// The names of the parameters of a request, wherever they are.
fn sent(request: &Received) -> BTreeSet<String> {
    let body = String::from_utf8_lossy(&request.body);
    let content_type = request.header("content-type");
    let mut names: BTreeSet<String> = BTreeSet::new();
    if content_type == "application/json" {
        let body: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&body).unwrap();
        names.extend(body.keys().cloned());
    } else if content_type.starts_with("multipart/") {
        let after = body.split(" name=\"").skip(1);
        names.extend(after.map(|rest| top(rest.split('"').next().unwrap_or_default())));
    } else {
        names.extend(body.split('&').filter(|pair| !pair.is_empty()).map(top));
    }
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    names.extend(query.split('&').filter(|pair| !pair.is_empty()).map(top));
    names
}

fn top(pair: &str) -> String {
    pair.split(['[', '=']).next().unwrap_or_default().to_owned()
}
