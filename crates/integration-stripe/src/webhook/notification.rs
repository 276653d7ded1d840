//! A notification of API v2: what happened and to which object, without the object.

use integration_core::Result;

use super::{V2, open_envelope, refuse};
use crate::{Client, Node, Params, Req, View, op::Verb, view::view};

view! {
    /// An event of API v2 as it is delivered: thin, so its object is fetched, as it is now.
    EventNotification {
        context: &str = text "context" Nullable "Where it happened, such as `acct_1/acct_2`; may be `null`.";
        created: &str = text "created" Required "A time as RFC 3339 has it; always there.";
        id: &str = text "id" Required "Text; always there.";
        livemode: bool = flag "livemode" Required "`true` or `false`; always there.";
        object: &str = text "object" Required "The kind of the object; always there.";
        reason: Node = field "reason" Nullable "What caused it; may be `null`.";
        related_object: RelatedObject = view "related_object" Nullable "The object it is about; may be `null`.";
        r#type: &str = text "type" Required "Its type; always there.";
    }
}

view! {
    /// The object that a notification is about.
    RelatedObject {
        id: &str = text "id" Required "Text; always there.";
        r#type: &str = text "type" Required "Its type; always there.";
        url: &str = text "url" Required "The path it is fetched from; always there.";
    }
}

impl EventNotification {
    /// Reads a notification whose bytes have been verified.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) for what is no notification, and for an event
    /// of API v1, which [`Event`](super::Event) reads.
    pub fn parse(body: &[u8]) -> Result<Self> {
        Self::of(Node::parse(body)?)
    }

    /// Reads a notification in the envelope of Amazon `EventBridge` or Azure Event Grid.
    ///
    /// Such a notification has no signature: take it only from a queue that lets nobody else write.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and for what is no envelope.
    pub fn from_envelope(body: &[u8]) -> Result<Self> {
        Self::of(open_envelope(body)?)
    }

    pub(super) fn of(node: Node) -> Result<Self> {
        match node.field::<&str>("object") {
            Some(V2) => Ok(Self(node)),
            Some("event") => Err(refuse("this is an event of API v1: read it as `Event`")),
            _ => Err(refuse(
                "this is no notification: its `object` is not `v2.core.event`",
            )),
        }
    }

    /// Reads the whole event, in the context it happened in.
    ///
    /// # Errors
    ///
    /// As [`Req::send`].
    pub async fn fetch_event<T: View>(&self, client: &Client) -> Result<T> {
        let mut path = String::from("/v2/core/events/");
        let id = self.id().ok_or_else(|| refuse("notification has no id"))?;
        crate::params::escape(id, b"", &mut path);
        self.request(client, path).send().await
    }

    /// Reads the object that the notification is about, in the context it happened in, as it is now.
    /// `None` when it is about none.
    ///
    /// # Errors
    ///
    /// As [`Req::send`]; [`ErrorKind::Validation`](crate::ErrorKind::Validation) when its address is
    /// not one of the API, where the key would go elsewhere.
    pub async fn fetch_related_object<T: View>(&self, client: &Client) -> Result<Option<T>> {
        let related = self.related_object();
        let Some(url) = related.as_ref().and_then(RelatedObject::url) else {
            return Ok(None);
        };
        self.request(client, url.to_owned()).send().await.map(Some)
    }

    fn request<T: View>(&self, client: &Client, path: String) -> Req<T> {
        let mut req = client.raw(Verb::Get, path, Params::new());
        if let Some(context) = self.context().filter(|context| !context.is_empty()) {
            req = req.context(context);
        }
        match self.id() {
            Some(id) => req.header("stripe-request-trigger", format!("event={id}")),
            None => req,
        }
    }
}
