//! Mocks of the public traits of integration-core, made with mockall.
//!
//! A mock is told beforehand which calls it will get and what it answers; a call that was not
//! expected, or one that is missing when the mock is dropped, fails the test. Each has an
//! `expect_*` for every method of its trait. What `expect_*` returns is mockall's.
//!
//! ```
//! use integration_core::{ErrorKind, http::Client};
//! use integration_testkit::mocks::{MockTransport, answer, failure};
//! use mockall::Sequence;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> integration_core::Result<()> {
//! let (mut transport, mut order) = (MockTransport::new(), Sequence::new());
//! let first = transport.expect_send().times(1).in_sequence(&mut order);
//! first.returning(|_| failure(ErrorKind::ConnectionReset));
//! let second = transport.expect_send().times(1).in_sequence(&mut order);
//! second.returning(|_| answer(200, r#"{"id":"ch_1"}"#));
//!
//! let client = Client::standard("http://127.0.0.1")?.transport(transport).build()?;
//! let charge = client.get("/v1/charges/ch_1").send().await?;
//! assert_eq!(charge.body(), r#"{"id":"ch_1"}"#);
//! # Ok(())
//! # }
//! ```
//!
//! # When not to use it
//!
//! To test an application: give it a trait of its own in front of the client, and mock that;
//! `examples/inject_a_mock.rs` shows both. Where the wire matters, use a
//! [`ScriptedServer`](crate::ScriptedServer). Where a fake is one line, use it: a
//! [`TestClock`](crate::TestClock), a [`FixedRng`](crate::FixedRng), a
//! [`Recorder`](crate::Recorder).

mod later;
mod plain;
mod transport;

pub use self::{
    later::{MockHealthCheck, MockSharedStore, MockTokenSource},
    plain::{MockClassify, MockClock, MockDescribe, MockObserver, MockQuotaParser, MockRng},
    transport::{MockTransport, Sending, answer, failure},
};
pub use mockall;
