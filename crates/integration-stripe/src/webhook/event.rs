//! An event of API v1: the object as it was when the event happened.

use integration_core::Result;

use super::{V2, open_envelope, refuse};
use crate::{
    Node, View,
    resources::{Event, WebhookEndpointEnabledEvents},
};

/// What a webhook does with an event.
///
/// ```
/// use integration_stripe::{resources::Charge, webhook::Event};
///
/// # fn main() -> integration_stripe::Result<()> {
/// let event = Event::parse(br#"{
///     "id": "evt_1", "object": "event", "type": "charge.succeeded",
///     "data": {"object": {"id": "ch_1", "object": "charge", "amount": 1200}}
/// }"#)?;
/// let charge = event.object_as::<Charge>();
/// assert_eq!(charge.and_then(|charge| charge.amount()), Some(1200));
/// # Ok(())
/// # }
/// ```
impl Event {
    /// Reads an event whose bytes have been verified.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) for what is no event, and for a notification
    /// of API v2, which [`EventNotification`](super::EventNotification) reads.
    pub fn parse(body: &[u8]) -> Result<Self> {
        Self::of(Node::parse(body)?)
    }

    /// Reads an event in the envelope of Amazon `EventBridge` or Azure Event Grid.
    ///
    /// Such an event has no signature: take it only from a queue that lets nobody else write.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and for what is no envelope.
    pub fn from_envelope(body: &[u8]) -> Result<Self> {
        Self::of(open_envelope(body)?)
    }

    pub(super) fn of(node: Node) -> Result<Self> {
        match node.field::<&str>("object") {
            Some(V2) => Err(refuse(
                "this is a notification of API v2: read it as `EventNotification`",
            )),
            Some("event") => Ok(Self::from_node(node)),
            _ => Err(refuse("this is no event: its `object` is not `event`")),
        }
    }

    /// Tells whether the type was one of the API when this version was generated. One that is not
    /// may be new, which is no mistake, or a preview.
    #[must_use]
    pub fn is_known_type(&self) -> bool {
        let event_type = self.r#type().unwrap_or_default();
        let word = WebhookEndpointEnabledEvents::from(event_type);
        // `*` is what an endpoint enables, and of no event.
        !matches!(
            word,
            WebhookEndpointEnabledEvents::Unknown(_) | WebhookEndpointEnabledEvents::All
        )
    }

    /// Returns the object of the event as a view. Whether it is one is told by
    /// [`r#type`](Self::type) or the `object` of the object: a view takes any.
    #[must_use]
    pub fn object_as<T: View>(&self) -> Option<T> {
        self.data()?.object().map(T::from_node)
    }

    /// Returns what the fields that changed were before, in events about updates.
    #[must_use]
    pub fn previous_attributes(&self) -> Option<Node> {
        self.data()?.previous_attributes()
    }

    /// Returns the id of the request that caused the event; `None` for what Stripe did by itself.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        let request = self.node().field::<Node>("request")?;
        // Before 2017 it was the id itself.
        let id = request.str().or_else(|| request.field("id"))?;
        Some(id.to_owned())
    }

    /// Returns the idempotency key of that request.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<String> {
        self.request()?.idempotency_key().map(str::to_owned)
    }
}
