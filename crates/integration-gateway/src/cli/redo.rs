//! What `events replay`, `dead replay` and `dead drop` have in common.

use std::io::Write;

use clap::Args;
use integration_core::{Error, ErrorKind, Result};
use integration_events::{DeliveryFilter, ReplayFilter, SqliteStore, Store as _, UnixMillis};
use serde_json::json;

use super::output;

/// How deliveries are brought back.
#[derive(Debug, Args)]
pub(super) struct HowArgs {
    /// How many become due a second [default: all at once]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: Option<u32>,
    #[command(flatten)]
    report: ReportArgs,
}

/// How what was done is told.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Count, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Makes deliveries due again, and says how many.
pub(super) async fn replay(
    store: &SqliteStore,
    filter: DeliveryFilter,
    how: &HowArgs,
    now: UnixMillis,
    out: &mut dyn Write,
) -> Result<()> {
    let is_named = is_named(&filter);
    let replay = ReplayFilter {
        filter,
        rate: how.rate,
        dry_run: how.report.dry_run,
    };
    let count = store.replay(replay, now).await?;
    told("replayed", count, is_named, &how.report, out)
}

/// Drops dead letters, and says how many.
pub(super) async fn drop_dead(
    store: &SqliteStore,
    filter: DeliveryFilter,
    report: &ReportArgs,
    now: UnixMillis,
    out: &mut dyn Write,
) -> Result<()> {
    let is_named = is_named(&filter);
    let count = if report.dry_run {
        // A replay that changes nothing counts dead letters unless told otherwise.
        let count = ReplayFilter {
            filter,
            rate: None,
            dry_run: true,
        };
        store.replay(count, now).await?
    } else {
        store.drop_dead(filter, now).await?
    };
    told("dropped", count, is_named, report, out)
}

fn is_named(filter: &DeliveryFilter) -> bool {
    !filter.events.is_empty() || !filter.deliveries.is_empty()
}

fn told(
    done: &str,
    count: u64,
    is_named: bool,
    report: &ReportArgs,
    out: &mut dyn Write,
) -> Result<()> {
    if report.json {
        let told = json!({ done: count, "dry_run": report.dry_run });
        output::line(out, &told)?;
    } else {
        let would = if report.dry_run { " would be" } else { "" };
        let what = if count == 1 { "delivery" } else { "deliveries" };
        output::text(out, &format!("{count} {what}{would} {done}\n"))?;
    }
    if count == 0 && is_named {
        let message =
            format!("nothing was {done}: what was named is not there or in another state");
        return Err(Error::new(ErrorKind::NotFound, "gateway.store").with_message(message));
    }
    Ok(())
}
