//! What can be asked of a store, and what it answers.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use integration_core::{Error, ErrorKind, Result};

use crate::{
    id::{DeliveryId, EventId, UnixMillis},
    limits,
    state::DeliveryState,
};

/// Where the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub i64);

/// Asks for one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows at most; clipped to 1 and [`MAX_PAGE`](limits::MAX_PAGE). Default: 50.
    pub limit: usize,
    /// The `next` of the page before.
    pub after: Option<Cursor>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            limit: 50,
            after: None,
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
}

/// Which events. Every field that is set must match.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Their source.
    pub source: Option<String>,
    /// A glob over their type: `*` stands for any text, `?` for one character.
    pub event_type: Option<String>,
    /// Received at this time or later.
    pub since: Option<UnixMillis>,
    /// Received before this time.
    pub until: Option<UnixMillis>,
}

/// Which deliveries. Every field that is set must match.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// The event's source, type and time.
    pub event: EventFilter,
    /// Their route.
    pub route: Option<String>,
    /// Their states; empty for any.
    pub states: Vec<DeliveryState>,
    /// The events; empty for any. At most [`MAX_FILTER_IDS`](limits::MAX_FILTER_IDS).
    pub events: Vec<EventId>,
    /// The deliveries; empty for any. At most [`MAX_FILTER_IDS`](limits::MAX_FILTER_IDS).
    pub deliveries: Vec<DeliveryId>,
}

impl DeliveryFilter {
    /// Checks the limits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Validation`] for too many ids.
    pub fn validate(&self) -> Result<()> {
        if self.events.len().max(self.deliveries.len()) > limits::MAX_FILTER_IDS {
            return Err(Error::new(ErrorKind::Validation, "events.filter")
                .with_message("too many ids in one filter")
                .with_context("limit", limits::MAX_FILTER_IDS));
        }
        Ok(())
    }
}

/// A stored event.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventView {
    /// Its id.
    pub id: EventId,
    /// Its place in the order of arrival.
    pub seq: i64,
    /// The source it came from.
    pub source: Arc<str>,
    /// The id the provider gave it.
    pub provider_id: String,
    /// Whether that id is covered by the signature.
    pub id_signed: bool,
    /// The provider's name for what happened.
    pub event_type: Option<String>,
    /// When it happened, as the provider says.
    pub occurred_at: Option<UnixMillis>,
    /// When it was received.
    pub received_at: UnixMillis,
    /// How often it came again.
    pub duplicates: u64,
    /// Whether retention has emptied it.
    pub is_emptied: bool,
    /// The headers kept; empty in a list.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; empty in a list.
    pub body: Bytes,
    /// Bytes of the body.
    pub body_len: u64,
}

/// A delivery.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeliveryView {
    /// Its id.
    pub id: DeliveryId,
    /// The event.
    pub event_id: EventId,
    /// The source of the event.
    pub source: Arc<str>,
    /// The type of the event.
    pub event_type: Option<String>,
    /// When the event was received.
    pub received_at: UnixMillis,
    /// The route it goes to.
    pub route: Arc<str>,
    /// The key it is in order by.
    pub order_key: Option<String>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts begun since it was stored or last replayed.
    pub attempts: u32,
    /// Attempts including the first.
    pub max_attempts: u32,
    /// How often a worker was lost with it.
    pub lost: u32,
    /// How often it was replayed.
    pub replays: u32,
    /// When it is due (ready), its lease ends (leased) or it finished.
    pub at: UnixMillis,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// An attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptView {
    /// Its number over the whole life of the delivery, from 1; one that was lost or given back
    /// leaves a gap.
    pub number: u64,
    /// When it began.
    pub started_at: UnixMillis,
    /// How long it took.
    pub elapsed: Duration,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// How it ended: `done`, `retry`, `dead` or `lost`.
    pub outcome: String,
    /// What went wrong.
    pub error: Option<String>,
}

/// How much is where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// By route.
    pub routes: Vec<RouteStats>,
    /// For how long the oldest due delivery has been due.
    pub oldest_ready: Option<Duration>,
    /// Events stored and not yet removed, emptied ones included.
    pub events: u64,
    /// Bytes of the store that are in use.
    pub bytes_used: u64,
    /// Bytes that it may use.
    pub bytes_max: Option<u64>,
    /// Commands that wait for the writer.
    pub queue: usize,
    /// Commands that may wait.
    pub queue_max: usize,
    /// Transactions committed since the store was opened.
    pub commits: u64,
    /// Whether the last write succeeded. False means that appends are being refused.
    pub is_writable: bool,
}

/// How much of a route is where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteStats {
    /// The route.
    pub route: Arc<str>,
    /// Deliveries by state, in the order of [`DeliveryState::ALL`].
    pub by_state: [u64; 6],
    /// For how long its oldest due delivery has been due.
    pub oldest_ready: Option<Duration>,
}

impl RouteStats {
    /// Returns how many deliveries are in a state.
    #[must_use]
    pub const fn count(&self, state: DeliveryState) -> u64 {
        self.by_state[state as usize]
    }
}

impl Stats {
    /// Returns how many deliveries are in a state, over all routes.
    #[must_use]
    pub fn count(&self, state: DeliveryState) -> u64 {
        self.routes.iter().map(|route| route.count(state)).sum()
    }
}
