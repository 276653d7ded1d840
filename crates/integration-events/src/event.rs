//! The envelope: what is stored of one webhook.

use std::sync::Arc;

use bytes::Bytes;
use integration_core::{Error, ErrorKind, Result};

use crate::{
    id::{EventId, UnixMillis},
    limits,
};

/// An event to be stored, with the routes it goes to.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its id; an event whose id is stored already is a duplicate.
    pub id: EventId,
    /// The source it came from.
    pub source: Arc<str>,
    /// The id the provider gave it, empty if none.
    pub provider_id: String,
    /// Whether that id is covered by the signature.
    pub id_signed: bool,
    /// The provider's name for what happened.
    pub event_type: Option<String>,
    /// When it happened, as the provider says.
    pub occurred_at: Option<UnixMillis>,
    /// When it was received. Its deliveries are due from then on.
    pub received_at: UnixMillis,
    /// The headers to keep; values are any bytes.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body as received; any bytes.
    pub body: Bytes,
    /// Where it goes. An event without a route is stored and can be read, nothing else.
    pub deliveries: Vec<NewDelivery>,
}

/// One way of an event: to this route, behind the others with the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The route.
    pub route: Arc<str>,
    /// Deliveries with the same route and key happen strictly one after the other.
    pub order_key: Option<String>,
    /// Tries including the first, at least 1.
    pub max_attempts: u16,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is on disk.
    New,
    /// It was there already; nothing is delivered again.
    Duplicate,
}

impl NewEvent {
    /// Checks every limit, so that nothing which cannot be stored reaches the writer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BodyTooLarge`] or [`ErrorKind::Validation`], naming the limit.
    pub fn validate(&self) -> Result<()> {
        let refuse =
            |kind, what: &'static str| Err(Error::new(kind, "events.append").with_message(what));
        if self.body.len() > limits::MAX_BODY_BYTES {
            return refuse(ErrorKind::BodyTooLarge, "body is over the limit");
        }
        let header_bytes: usize = self.headers.iter().map(|(n, v)| n.len() + v.len()).sum();
        if self.headers.len() > limits::MAX_HEADERS || header_bytes > limits::MAX_HEADER_BYTES {
            return refuse(ErrorKind::Validation, "headers are over the limit");
        }
        if self.deliveries.len() > limits::MAX_DELIVERIES {
            return refuse(ErrorKind::Validation, "too many deliveries for one event");
        }
        if self.deliveries.iter().any(|d| d.max_attempts == 0) {
            return refuse(ErrorKind::Validation, "max_attempts is at least 1");
        }
        let names = [
            &*self.source,
            &self.provider_id,
            self.event_type.as_deref().unwrap_or(""),
        ];
        let mut all = names.into_iter().chain(
            self.deliveries
                .iter()
                .flat_map(|d| [&*d.route, d.order_key.as_deref().unwrap_or("")]),
        );
        if all.any(|name| name.len() > limits::MAX_NAME_BYTES) {
            return refuse(ErrorKind::Validation, "a name, id or key is over the limit");
        }
        Ok(())
    }
}
