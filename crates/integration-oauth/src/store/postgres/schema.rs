//! The tables, their version, and the one place that moves them from a version to the next.

use integration_core::{Error, ErrorKind, Result};
use tokio::time::timeout;
use tokio_postgres::{Client, types::Type};

use super::{
    PostgresConfig,
    connect::{Connect, late, storage},
    rows::Param,
};

/// Step number n brings the tables from version n to n + 1. A step that was released never changes.
const STEPS: [&str; 1] = [V1];

/// Orders those that start at the same time: "INOA".
const LOCK: i64 = 0x494e_4f41;

const V1: &str = r#"
-- Times are microseconds since the Unix epoch; `state` is JSON. "C" sorts by bytes, as every store.
CREATE TABLE connection (
    tenant text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    state text NOT NULL,
    sealed bytea NOT NULL,
    expires_at bigint,
    due_at bigint,
    fence bigint NOT NULL,
    lease_owner text,
    lease_until bigint,
    intent_at bigint,
    parked_fence bigint,
    parked bytea,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant, provider, account)
);
CREATE INDEX connection_due ON connection (state, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE flow (
    id bytea PRIMARY KEY,
    sealed bytea NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX flow_end ON flow (expires_at);
"#;

pub(super) async fn prepare(connector: &dyn Connect, config: &PostgresConfig) -> Result<()> {
    let client = connector.connect().await?;
    let prepared = timeout(config.timeout, migrate(&client, &config.schema)).await;
    prepared.map_err(|_| late("oauth.open_store"))?
}

async fn migrate(client: &Client, schema: &str) -> Result<()> {
    let failed = |error: tokio_postgres::Error| storage("oauth.open_store", &error);
    client.batch_execute("BEGIN").await.map_err(failed)?;
    let lock = format!("SELECT pg_advisory_xact_lock({LOCK})");
    client.batch_execute(&lock).await.map_err(failed)?;
    // A role that may not make schemas is given one.
    let schema_exists = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
    let named: [Param<'_>; 1] = [(&schema, Type::TEXT)];
    let found = client.query_typed(schema_exists, &named).await;
    if found.map_err(failed)?.is_empty() {
        let make = format!("CREATE SCHEMA {schema}");
        client.batch_execute(&make).await.map_err(failed)?;
    }
    let table_exists = "SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'version'";
    let found = client.query_typed(table_exists, &named).await;
    let version = match found.map_err(failed)?.is_empty() {
        true => 0,
        false => {
            let read = client.query_typed("SELECT version FROM version", &[]);
            let rows = read.await.map_err(failed)?;
            rows.first().map_or(0, |row| row.get::<_, i32>(0))
        }
    };
    let from = usize::try_from(version).unwrap_or(0);
    if from > STEPS.len() {
        return Err(
            Error::new(ErrorKind::Config, "oauth.open_store").with_message(format!(
                "the tables have version {version}, this program knows up to {}; start the newer \
             program that wrote them, or choose another schema",
                STEPS.len()
            )),
        );
    }
    for step in STEPS.iter().skip(from) {
        client.batch_execute(step).await.map_err(failed)?;
    }
    if from < STEPS.len() {
        let stamp = format!(
            "CREATE TABLE IF NOT EXISTS version (version integer NOT NULL); \
             DELETE FROM version; INSERT INTO version VALUES ({})",
            STEPS.len()
        );
        client.batch_execute(&stamp).await.map_err(failed)?;
    }
    client.batch_execute("COMMIT").await.map_err(failed)
}
