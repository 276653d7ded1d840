//! Cassettes: calls of a real service recorded once, without secrets, and replayed by tests.
//!
//! A [`Cassette`] is a file and what must not get into it. [`record`](Cassette::record) wraps the
//! transport that really sends, [`replay`](Cassette::replay) is a transport that never does. Which
//! of the two is used is said in code: there is no mode that records when a file is missing.
//!
//! ```
//! use integration_core::http::{Client, HttpConfig, ReqwestTransport};
//! use integration_testkit::{Reply, ScriptedServer, cassette::Cassette};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("cassette-{}", std::process::id()));
//! # let service = ScriptedServer::replies([Reply::ok(r#"{"id":"cus_1","email":"a@b.c"}"#)]);
//! # let service = service.await?;
//! let cassette = Cassette::at(folder.join("customers.json")).allow_query("limit");
//!
//! // Once, by hand.
//! let recording = cassette.record(ReqwestTransport::new(HttpConfig::default()))?;
//! let client = Client::standard(&service.url(""))?.transport(recording.clone()).build()?;
//! client.get("/v1/customers?limit=1&key=s3cret").send().await?;
//! recording.finish()?;
//!
//! // From then on, in tests.
//! let replay = cassette.replay()?;
//! let client = Client::standard("http://127.0.0.1")?.transport(replay.clone()).build()?;
//! let answer = client.get("/v1/customers?limit=1&key=other").send().await?;
//! assert_eq!(answer.body(), r#"{"email":"[redacted]","id":"cus_1"}"#);
//! replay.assert_finished();
//! # let _ = std::fs::remove_dir_all(folder);
//! # Ok(())
//! # }
//! ```
//!
//! # What is redacted
//!
//! Everything is redacted before an entry exists. What is hidden by default is what can hold a
//! secret, so forgetting a rule costs a value and not a secret:
//!
//! | place | what stays |
//! |---|---|
//! | headers | the values of a short list of harmless ones, and of [`allow_header`](Cassette::allow_header) |
//! | query | the values of [`allow_query`](Cassette::allow_query) |
//! | JSON, its lines, and the data of event streams | all but fields whose name speaks of secrets or persons, and [`hide_field`](Cassette::hide_field); JSON within strings and the queries of addresses alike |
//! | forms | as JSON |
//! | the path, other text and binary bodies | all |
//! | everywhere | all but the strings given to [`hide`](Cassette::hide), also percent-encoded, as JSON, hex and base64 |
//!
//! A hidden number becomes 0 and a hidden string `[redacted]`, so an answer keeps its types. What
//! should be JSON and is not is dropped whole. Bodies of several parts and streamed ones are not
//! recorded. A compressed body cannot be looked into and spoils the recording.
//!
//! # When not to use it
//!
//! Not for secrets in text that has no fields, unless `hide` knows them. Not where the exact bytes
//! of a JSON answer matter: it keeps its values, numbers as 64 bits, and not its spaces and order.
//! Not to test retries: failed attempts are not recorded; take a
//! [`ScriptedServer`](crate::ScriptedServer).

mod entry;
mod file;
mod hidden;
mod names;
mod record;
mod redact;
mod replay;
mod settings;
mod text;

#[cfg(test)]
mod tests;

pub use self::{record::Recording, replay::Replay, settings::Cassette};
