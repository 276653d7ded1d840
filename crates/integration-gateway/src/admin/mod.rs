//! The listener for operators: health, metrics, and an API to look and to replay.

mod api;
mod health;
mod token;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use integration_core::{SecretString, SharedClock};
use integration_events::{SqliteStore, Store as _, UnixMillis};
use tokio::net::TcpListener;

use crate::{config::Config, metrics::Metrics};

/// Bytes of a request's body at most: filters, nothing more.
const BODY_BYTES: usize = 64 * 1024;

/// What the handlers share.
pub(crate) struct Admin {
    store: SqliteStore,
    clock: SharedClock,
    metrics: Arc<Metrics>,
    token: Option<SecretString>,
}

/// The handlers' state.
type Shared = State<Arc<Admin>>;

impl Admin {
    pub(crate) fn new(
        config: &Config,
        store: SqliteStore,
        clock: SharedClock,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            store,
            clock,
            metrics,
            token: config.admin_token.clone(),
        }
    }

    fn now(&self) -> UnixMillis {
        UnixMillis::from_duration(self.clock.unix())
    }
}

/// Answers until `end`.
pub(crate) async fn serve(
    listener: TcpListener,
    admin: Admin,
    end: impl Future<Output = ()> + Send + 'static,
) {
    let served = axum::serve(listener, router(Arc::new(admin)));
    if let Err(error) = served.with_graceful_shutdown(end).await {
        tracing::error!(%error, "the admin listener ended");
    }
}

fn router(admin: Arc<Admin>) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(metrics))
        .route("/api/stats", get(api::stats))
        .route("/api/events", get(api::events))
        .route("/api/events/{id}", get(api::event))
        .route("/api/events/{id}/replay", post(api::replay_event))
        .route("/api/replay", post(api::replay))
        .route("/api/dead", get(api::dead))
        .route("/api/dead/drop", post(api::drop_dead))
        .layer(middleware::from_fn_with_state(admin.clone(), token::check));
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(health::ready))
        .merge(guarded)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(admin)
}

async fn metrics(State(admin): Shared) -> Response {
    match admin.store.stats(admin.now()).await {
        Ok(stats) => {
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], admin.metrics.render(&stats)).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}
