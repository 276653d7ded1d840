//! `/api`: what is stored, and what to do again.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use integration_core::{Error, ErrorKind};
use integration_events::{
    Cursor, DeliveryFilter, DeliveryState, EventFilter, EventId, PageRequest, ReplayFilter,
    Store as _, UnixMillis,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Shared;
use crate::views::{DeliveryJson, EventDetail, EventJson};

/// Rows of a page, unless asked for fewer or more.
const PAGE: usize = 50;

/// An error as JSON, with the status of its kind.
pub(super) struct Failure(Error);

type Answer<T> = Result<Json<T>, Failure>;

/// Narrows lists and replays; every field that is given must fit.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    source: Option<String>,
    #[serde(rename = "type")]
    event_type: Option<String>,
    since_ms: Option<i64>,
    until_ms: Option<i64>,
    route: Option<String>,
    state: Option<String>,
    event_id: Option<String>,
    limit: Option<usize>,
    after: Option<i64>,
    rate: Option<u32>,
    #[serde(default)]
    dry_run: bool,
}

/// A page of a list; `after` of the next one is `next`.
#[derive(Debug, Serialize)]
pub(super) struct Listed<T> {
    items: Vec<T>,
    next: Option<i64>,
}

pub(super) async fn stats(State(admin): Shared) -> Answer<serde_json::Value> {
    let stats = admin.store.stats(admin.now()).await?;
    let deliveries: serde_json::Map<_, _> = DeliveryState::ALL
        .iter()
        .map(|&state| (state.as_str().to_owned(), stats.count(state).into()))
        .collect();
    Ok(Json(json!({
        "events": stats.events,
        "duplicates": admin.metrics.duplicates(),
        "deliveries": deliveries,
        "oldest_ready_ms": stats.oldest_ready.map(|age| u64::try_from(age.as_millis()).ok()),
        "queue": stats.queue,
        "queue_max": stats.queue_max,
        "bytes_used": stats.bytes_used,
        "bytes_max": stats.bytes_max,
        "commits": stats.commits,
        "is_writable": stats.is_writable,
    })))
}

pub(super) async fn events(
    State(admin): Shared,
    Query(filter): Query<Filter>,
) -> Answer<Listed<EventJson>> {
    let page = filter.page();
    let page = admin.store.events(filter.events(), page).await?;
    Ok(Json(Listed {
        items: page.items.iter().map(EventJson::from).collect(),
        next: page.next.map(|cursor| cursor.0),
    }))
}

pub(super) async fn event(State(admin): Shared, Path(id): Path<String>) -> Answer<EventDetail> {
    let id = event_id(&id)?;
    let found = EventDetail::read(&admin.store, id).await?;
    found.map(Json).ok_or_else(|| no_event().into())
}

pub(super) async fn replay_event(
    State(admin): Shared,
    Path(id): Path<String>,
) -> Answer<serde_json::Value> {
    let replay = ReplayFilter {
        filter: DeliveryFilter {
            events: vec![event_id(&id)?],
            states: vec![
                DeliveryState::Done,
                DeliveryState::Dead,
                DeliveryState::Dropped,
            ],
            ..DeliveryFilter::default()
        },
        ..ReplayFilter::default()
    };
    let replayed = admin.store.replay(replay, admin.now()).await?;
    if replayed == 0 {
        return Err(no_event().into());
    }
    Ok(Json(json!({ "replayed": replayed })))
}

pub(super) async fn replay(
    State(admin): Shared,
    Json(filter): Json<Filter>,
) -> Answer<serde_json::Value> {
    filter.must_narrow()?;
    let replay = ReplayFilter {
        rate: filter.rate,
        dry_run: filter.dry_run,
        filter: filter.deliveries()?,
    };
    let dry_run = replay.dry_run;
    let replayed = admin.store.replay(replay, admin.now()).await?;
    Ok(Json(json!({ "replayed": replayed, "dry_run": dry_run })))
}

pub(super) async fn dead(
    State(admin): Shared,
    Query(filter): Query<Filter>,
) -> Answer<Listed<DeliveryJson>> {
    let page = filter.page();
    let mut deliveries = filter.deliveries()?;
    deliveries.states = vec![DeliveryState::Dead];
    let page = admin.store.deliveries(deliveries, page).await?;
    Ok(Json(Listed {
        items: page.items.iter().map(DeliveryJson::from).collect(),
        next: page.next.map(|cursor| cursor.0),
    }))
}

pub(super) async fn drop_dead(
    State(admin): Shared,
    Json(filter): Json<Filter>,
) -> Answer<serde_json::Value> {
    filter.must_narrow()?;
    let filter = filter.deliveries()?;
    let dropped = admin.store.drop_dead(filter, admin.now()).await?;
    Ok(Json(json!({ "dropped": dropped })))
}

impl Filter {
    fn events(self) -> EventFilter {
        EventFilter {
            source: self.source,
            event_type: self.event_type,
            since: self.since_ms.map(UnixMillis),
            until: self.until_ms.map(UnixMillis),
        }
    }

    fn deliveries(self) -> Result<DeliveryFilter, Error> {
        let state = self.state.as_deref().map(str::parse).transpose()?;
        let event = self.event_id.as_deref().map(event_id).transpose()?;
        Ok(DeliveryFilter {
            route: self.route.clone(),
            states: state.into_iter().collect(),
            events: event.into_iter().collect(),
            event: self.events(),
            ..DeliveryFilter::default()
        })
    }

    /// Refuses to change everything because a field was forgotten.
    fn must_narrow(&self) -> Result<(), Error> {
        let words = [
            &self.source,
            &self.event_type,
            &self.route,
            &self.state,
            &self.event_id,
        ];
        let times = [self.since_ms, self.until_ms];
        if words.iter().any(|word| word.is_some()) || times.iter().any(Option::is_some) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Validation, "gateway.api")
            .with_message("name what is meant; all dead letters are {\"state\":\"dead\"}"))
    }

    fn page(&self) -> PageRequest {
        PageRequest {
            limit: self.limit.unwrap_or(PAGE),
            after: self.after.map(Cursor),
        }
    }
}

fn event_id(id: &str) -> Result<EventId, Error> {
    id.parse().map_err(|_| {
        Error::new(ErrorKind::Validation, "gateway.api")
            .with_message("an event id is evt_ and 32 hexadecimal digits")
    })
}

fn no_event() -> Error {
    Error::new(ErrorKind::NotFound, "gateway.api").with_message("there is no such event")
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self.0.kind() {
            ErrorKind::Validation | ErrorKind::Config => StatusCode::BAD_REQUEST,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, Json(json!({ "error": self.0.to_string() }))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_must_be_named() {
        for (json, is_named) in [
            ("{}", false),
            (r#"{"rate":5,"dry_run":true}"#, false),
            (r#"{"state":"dead"}"#, true),
            (r#"{"since_ms":1}"#, true),
            (r#"{"route":"billing"}"#, true),
        ] {
            let filter: Filter = serde_json::from_str(json).unwrap();
            assert_eq!(filter.must_narrow().is_ok(), is_named, "{json}");
        }
    }
}
