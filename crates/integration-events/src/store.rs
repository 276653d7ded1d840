//! What a store of events promises, whatever it is built on.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use integration_core::Result;
use tokio::sync::watch;

use crate::{
    event::{NewEvent, Stored},
    id::{DeliveryId, EventId, UnixMillis},
    query::{
        AttemptView, DeliveryFilter, DeliveryView, EventFilter, EventView, Page, PageRequest, Stats,
    },
    retention::RetentionPolicy,
};

/// Keeps events and hands their deliveries out, at least once and in order.
///
/// Every method resolves only when what it reports is on disk. A dropped future does not take the
/// command back: it may still be carried out.
///
/// Unless said otherwise a method fails with [`ErrorKind::Storage`](crate::ErrorKind) when the
/// disk does not do as told, and with [`ErrorKind::BulkheadFull`](crate::ErrorKind) when too much
/// waits already; after either, nothing was acknowledged.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Stores an event with its deliveries, or counts a duplicate.
    async fn append(&self, event: NewEvent) -> Result<Stored>;

    /// Leases what is due, oldest first. The attempt is counted before the lease is handed out.
    async fn claim(&self, claim: ClaimRequest) -> Result<Vec<Lease>>;

    /// Reports how attempts ended, in the order given; a lease that is held no more is
    /// [`Settled::Stale`] and changes nothing. At most [`MAX_SETTLE`](crate::limits::MAX_SETTLE).
    async fn settle(&self, settlements: Vec<Settlement>, now: UnixMillis) -> Result<Vec<Settled>>;

    /// Does both in one commit, or neither: what ended is settled, at the time of the claim, and what
    /// is due is leased. The round of a worker.
    async fn settle_and_claim(
        &self,
        settlements: Vec<Settlement>,
        claim: ClaimRequest,
    ) -> Result<(Vec<Settled>, Vec<Lease>)>;

    /// Moves the end of leases that are still held to `until`.
    async fn extend(&self, leases: Vec<Extension>, until: UnixMillis) -> Result<Vec<Settled>>;

    /// Takes back the leases that ran out; returns how many. One that was lost
    /// [`MAX_LOST`](crate::limits::MAX_LOST) times before is dead.
    async fn release_expired(&self, now: UnixMillis) -> Result<u64>;

    /// Takes back every lease. Only for a start that knows to be alone.
    async fn release_all(&self, now: UnixMillis) -> Result<u64>;

    /// Returns an event.
    async fn event(&self, id: EventId) -> Result<Option<EventView>>;

    /// Lists events, newest first, without their bodies.
    async fn events(&self, filter: EventFilter, page: PageRequest) -> Result<Page<EventView>>;

    /// Lists deliveries, newest first. For dead letters, filter by state.
    async fn deliveries(
        &self,
        filter: DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<DeliveryView>>;

    /// Returns the attempts of a delivery, oldest first.
    async fn attempts(&self, delivery: DeliveryId) -> Result<Vec<AttemptView>>;

    /// Counts deliveries by route and state.
    async fn stats(&self, now: UnixMillis) -> Result<Stats>;

    /// Delivers what is finished and matches once more, with new attempts; returns how many.
    ///
    /// With a rate, that many become due each second. A dry run only counts.
    async fn replay(&self, replay: ReplayFilter, now: UnixMillis) -> Result<u64>;

    /// Drops dead letters that match; returns how many. Ids, times and the rest as in a list.
    async fn drop_dead(&self, filter: DeliveryFilter, now: UnixMillis) -> Result<u64>;

    /// Removes what is older than the policy keeps; returns how many events were emptied or
    /// removed. Works in steps of [`CHUNK`](crate::limits::CHUNK), other work goes in between.
    async fn prune(&self, policy: RetentionPolicy, now: UnixMillis) -> Result<u64>;

    /// Returns when the next delivery that waits for its time is due.
    async fn next_due(&self) -> Result<Option<UnixMillis>>;

    /// Returns a counter that changes when a delivery may have become ready here.
    ///
    /// Another process may write too, so look at least once a second all the same.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// What a worker can take.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// Deliveries at most, over all routes; at most [`MAX_CLAIM`](crate::limits::MAX_CLAIM).
    pub limit: usize,
    /// How long the lease is.
    pub lease: Duration,
    /// The time now.
    pub now: UnixMillis,
    /// The routes that are accepting, and how many each; `None` for all without a limit of their
    /// own.
    pub routes: Option<Vec<RouteSlots>>,
}

/// How many deliveries of a route can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSlots {
    /// The route.
    pub route: Arc<str>,
    /// At most this many.
    pub limit: usize,
}

/// A delivery in the hands of one worker, until `until`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Lease {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Fences off whoever had it before: it grows by one each time the delivery is claimed.
    pub token: u64,
    /// When the lease ends unless it is extended.
    pub until: UnixMillis,
    /// This attempt, from 1.
    pub attempt: u32,
    /// Attempts including the first.
    pub max_attempts: u32,
    /// How often it was replayed.
    pub replays: u32,
    /// The route it goes to.
    pub route: Arc<str>,
    /// The key it is in order by.
    pub order_key: Option<String>,
    /// The event.
    pub event_id: EventId,
    /// The source of the event.
    pub source: Arc<str>,
    /// The id the provider gave it.
    pub provider_id: String,
    /// The provider's name for what happened.
    pub event_type: Option<String>,
    /// When it happened, as the provider says.
    pub occurred_at: Option<UnixMillis>,
    /// When it was received.
    pub received_at: UnixMillis,
    /// The headers kept.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body as received.
    pub body: Bytes,
}

/// Names a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The token of the lease.
    pub token: u64,
}

/// How an attempt ended, and what follows.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The token of the lease.
    pub token: u64,
    /// What is kept of the attempt.
    pub attempt: AttemptResult,
    /// What follows.
    pub resolution: Resolution,
}

/// What is kept of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptResult {
    /// When it began.
    pub started_at: UnixMillis,
    /// How long it took.
    pub elapsed: Duration,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// What went wrong, without secrets; cut off at
    /// [`MAX_ERROR_BYTES`](crate::limits::MAX_ERROR_BYTES).
    pub error: Option<String>,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// It is delivered.
    Done,
    /// Try again then; dead if this was the last attempt.
    Retry {
        /// When.
        due_at: UnixMillis,
    },
    /// Nothing was tried: the attempt is given back and not kept.
    Release {
        /// When it can be claimed again.
        due_at: UnixMillis,
    },
    /// No further try can help.
    Dead,
}

/// Whether a settlement or an extension took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It did.
    Applied,
    /// The lease was no longer held: nothing changed.
    Stale,
}

/// Which deliveries to do again, and how fast.
#[derive(Clone, Debug, Default)]
pub struct ReplayFilter {
    /// Which; states that are not finished never match. No state means dead ones only.
    pub filter: DeliveryFilter,
    /// How many become due each second; `None` for all at once.
    pub rate: Option<u32>,
    /// Counts and changes nothing.
    pub dry_run: bool,
}
