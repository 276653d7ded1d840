//! What the store holds, as the API and `--json` show it.
//!
//! Field names are stable; times end in `_at` and are milliseconds since the Unix epoch.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use integration_events::{
    AttemptView, DeliveryFilter, DeliveryView, EventId, EventView, PageRequest, Result, Store,
    limits::MAX_DELIVERIES,
};
use serde::Serialize;

/// An event in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EventJson {
    /// Its id, `evt_` and 32 hexadecimal digits; destinations get it as `webhook-id`.
    pub id: String,
    /// The source it came from.
    pub source: String,
    /// What happened, as the provider calls it.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// The id the provider gave it; empty if none.
    pub provider_id: String,
    /// Whether that id is covered by the signature.
    pub id_signed: bool,
    /// When it happened, as the provider says.
    pub occurred_at: Option<i64>,
    /// When it was received.
    pub received_at: i64,
    /// How often it came again.
    pub duplicates: u64,
    /// Whether retention has removed its headers and body.
    pub is_emptied: bool,
    /// Bytes of the body.
    pub body_bytes: u64,
}

/// An event with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EventDetail {
    /// What a list shows of it.
    #[serde(flatten)]
    pub event: EventJson,
    /// The headers kept.
    pub headers: Vec<HeaderJson>,
    /// The body, if it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The body in base64, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
    /// Where it goes, with the history of each.
    pub deliveries: Vec<DeliveryDetail>,
}

/// A header; what is not UTF-8 in its value is replaced by U+FFFD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HeaderJson {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A delivery, dead letters among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeliveryJson {
    /// Its number.
    pub delivery: i64,
    /// The event.
    pub event_id: String,
    /// The source of the event.
    pub source: String,
    /// The type of the event.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// The route it goes to.
    pub route: String,
    /// The key it is in order by.
    pub order_key: Option<String>,
    /// `ready`, `blocked`, `leased`, `done`, `dead` or `dropped`.
    pub state: &'static str,
    /// Attempts begun since it was stored or last replayed.
    pub attempts: u32,
    /// Attempts including the first.
    pub max_attempts: u32,
    /// How often a worker was lost with it.
    pub lost: u32,
    /// How often it was replayed.
    pub replays: u32,
    /// When the event was received.
    pub received_at: i64,
    /// When it is due, until when it is leased, or when it finished.
    pub state_at: i64,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// A delivery and its attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeliveryDetail {
    /// What a list shows of it.
    #[serde(flatten)]
    pub delivery: DeliveryJson,
    /// Its attempts, the first first.
    pub history: Vec<AttemptJson>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AttemptJson {
    /// Its number over the whole life of the delivery, from 1.
    pub number: u64,
    /// When it began.
    pub started_at: i64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// The status of the answer.
    pub status: Option<u16>,
    /// `done`, `retry`, `dead` or `lost`.
    pub outcome: String,
    /// What went wrong.
    pub error: Option<String>,
}

impl EventDetail {
    /// Reads an event, its deliveries and their attempts; `None` if there is no such event.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn read(store: &impl Store, id: EventId) -> Result<Option<Self>> {
        let Some(event) = store.event(id).await? else {
            return Ok(None);
        };
        let filter = DeliveryFilter {
            events: vec![id],
            ..DeliveryFilter::default()
        };
        let page = PageRequest {
            limit: MAX_DELIVERIES,
            after: None,
        };
        let mut found = store.deliveries(filter, page).await?.items;
        found.reverse();
        let mut deliveries = Vec::with_capacity(found.len());
        for delivery in &found {
            let attempts = store.attempts(delivery.id).await?;
            deliveries.push(DeliveryDetail {
                delivery: delivery.into(),
                history: attempts.into_iter().map(AttemptJson::from).collect(),
            });
        }
        Ok(Some(Self::new(&event, deliveries)))
    }

    fn new(event: &EventView, deliveries: Vec<DeliveryDetail>) -> Self {
        let text = std::str::from_utf8(&event.body).ok();
        let header = |(name, value): &(String, Vec<u8>)| HeaderJson {
            name: name.clone(),
            value: String::from_utf8_lossy(value).into_owned(),
        };
        Self {
            event: event.into(),
            headers: event.headers.iter().map(header).collect(),
            body: text.map(str::to_owned),
            body_base64: text.is_none().then(|| STANDARD.encode(&event.body)),
            deliveries,
        }
    }
}

impl From<&EventView> for EventJson {
    fn from(event: &EventView) -> Self {
        Self {
            id: event.id.to_string(),
            source: event.source.to_string(),
            event_type: event.event_type.clone(),
            provider_id: event.provider_id.clone(),
            id_signed: event.id_signed,
            occurred_at: event.occurred_at.map(|at| at.0),
            received_at: event.received_at.0,
            duplicates: event.duplicates,
            is_emptied: event.is_emptied,
            body_bytes: event.body_len,
        }
    }
}

impl From<&DeliveryView> for DeliveryJson {
    fn from(delivery: &DeliveryView) -> Self {
        Self {
            delivery: delivery.id.0,
            event_id: delivery.event_id.to_string(),
            source: delivery.source.to_string(),
            event_type: delivery.event_type.clone(),
            route: delivery.route.to_string(),
            order_key: delivery.order_key.clone(),
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            max_attempts: delivery.max_attempts,
            lost: delivery.lost,
            replays: delivery.replays,
            received_at: delivery.received_at.0,
            state_at: delivery.at.0,
            last_error: delivery.last_error.clone(),
        }
    }
}

impl From<AttemptView> for AttemptJson {
    fn from(attempt: AttemptView) -> Self {
        Self {
            number: attempt.number,
            started_at: attempt.started_at.0,
            elapsed_ms: u64::try_from(attempt.elapsed.as_millis()).unwrap_or(u64::MAX),
            status: attempt.status,
            outcome: attempt.outcome,
            error: attempt.error,
        }
    }
}
