//! What Stripe sends to us: events of API v1, notifications of API v2, and a router by type.
//!
//! `Webhooks` verifies the signature and reads the event (feature `webhooks`). Where something else
//! has verified the bytes, such as an inbox, take [`Event::parse`]. An event never fails to parse
//! because a field is new, missing or of another type.

mod event;
mod notification;
mod router;
#[cfg(feature = "webhooks")]
mod verify;

use integration_core::{Error, ErrorKind, Result};

#[cfg(feature = "webhooks")]
pub use self::verify::{Webhooks, test_header};
pub use self::{
    notification::EventNotification,
    router::{Handled, Incoming, Router},
};
use crate::Node;
pub use crate::resources::Event;

/// What the `object` of an event of API v2 is.
const V2: &str = "v2.core.event";

/// Takes the event out of the envelope of a cloud: `detail` of Amazon `EventBridge`, `data` of Azure
/// Event Grid.
fn open_envelope(body: &[u8]) -> Result<Node> {
    let node = Node::parse(body)?;
    let inner = match node.get("detail") {
        Some(detail) => Some(detail),
        None => node.get("specversion").and_then(|_| node.get("data")),
    };
    inner.ok_or_else(|| refuse("envelope is neither of EventBridge nor of Event Grid"))
}

fn refuse(rule: &'static str) -> Error {
    Error::new(ErrorKind::Decode, "stripe.webhook").with_message(rule)
}
