//! Contract tests: the exact request, and answers with a field we do not know.
#![expect(clippy::unwrap_used, reason = "test code")]

mod items;

use integration_testkit::{Reply, ScriptedServer};
use integration_{{snake}}::{Client, Config};

/// A client of a server that gives these answers, one a request.
async fn client<const N: usize>(replies: [Reply; N]) -> (ScriptedServer, Client) {
    let server = ScriptedServer::replies(replies).await.unwrap();
    let config = Config::new("key_1".to_owned().into()).with_base_url(server.url(""));
    (server, Client::new(&config).unwrap())
}
