//! `dead list|replay|drop`.

use std::io::Write;

use clap::{ArgGroup, Args, Subcommand};
use integration_core::{Clock, Result};
use integration_events::{
    DeliveryState, PageRequest, SqliteStore, Store as _, UnixMillis, limits::MAX_PAGE,
};

use super::{
    Common, Exit,
    filter::{DeliveryFilterArgs, Target},
    output,
    redo::{self, HowArgs, ReportArgs},
    store,
    table::{Table, moment, plain},
};
use crate::{config::Environment, views::DeliveryJson};

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadCommand {
    /// List dead letters, the latest first
    #[command(after_help = "Example: what billing refused today, for a script
  integration-gateway dead list --route billing --since 1d --json

`events show ID` has the whole history of one. Works whether or not the gateway runs.")]
    List(ListArgs),
    /// Deliver dead letters again
    #[command(after_help = "Examples: one; all of a route, at most five a second
  integration-gateway dead replay evt_2b7e151628aed2a6abf7158809cf4f3c
  integration-gateway dead replay --route billing --rate 5

Each begins with attempt 1 again and keeps its webhook-id.")]
    Replay(ReplayArgs),
    /// Give dead letters up for good
    #[command(after_help = "Example: drop all of last year's, but first see how many
  integration-gateway dead drop --all --until 365d --dry-run

What is dropped is kept as long as what was delivered: `events replay` can bring it back.")]
    Drop(DropArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    filter: DeliveryFilterArgs,
    #[command(flatten)]
    rows: output::RowsArgs,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).multiple(true).args([
    "ids", "all", "source", "event_type", "since", "until", "route",
])))]
pub(crate) struct ReplayArgs {
    /// Events, or deliveries by their numbers
    #[arg(value_name = "ID", num_args = 1..=1000)]
    ids: Vec<Target>,
    /// Every dead letter, or every one that the options fit
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    #[command(flatten)]
    filter: DeliveryFilterArgs,
    #[command(flatten)]
    how: HowArgs,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["ids", "all"])))]
pub(crate) struct DropArgs {
    /// Events, or deliveries by their numbers
    #[arg(value_name = "ID", num_args = 1..=1000)]
    ids: Vec<Target>,
    /// Every dead letter, or every one that the options fit
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: DeliveryFilterArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// Does one of the commands.
pub(super) async fn run(
    command: &DeadCommand,
    common: &Common,
    environment: &Environment,
    clock: &dyn Clock,
    out: &mut dyn Write,
) -> Result<Exit> {
    let store = store::open(common, environment)?;
    let now = UnixMillis::from_duration(clock.unix());
    match command {
        DeadCommand::List(arguments) => list(&store, arguments, now, out).await?,
        DeadCommand::Replay(arguments) => {
            let mut filter = arguments.filter.filter(now, &arguments.ids);
            filter.states = vec![DeliveryState::Dead];
            redo::replay(&store, filter, &arguments.how, now, out).await?;
        }
        DeadCommand::Drop(arguments) => {
            let filter = arguments.filter.filter(now, &arguments.ids);
            redo::drop_dead(&store, filter, &arguments.report, now, out).await?;
        }
    }
    Ok(Exit::Success)
}

async fn list(
    store: &SqliteStore,
    arguments: &ListArgs,
    now: UnixMillis,
    out: &mut dyn Write,
) -> Result<()> {
    let mut table = Table::new(["DIED", "ID", "ROUTE", "TYPE", "ATTEMPTS", "LAST ERROR"]);
    let (mut left, mut after) = (arguments.rows.limit, None);
    while left > 0 {
        let limit = left.min(MAX_PAGE);
        let mut filter = arguments.filter.filter(now, &[]);
        filter.states = vec![DeliveryState::Dead];
        let page = store
            .deliveries(filter, PageRequest { limit, after })
            .await?;
        left -= page.items.len();
        for letter in page.items.iter().map(DeliveryJson::from) {
            if arguments.rows.json {
                output::line(out, &letter)?;
            } else {
                table.row(columns(&letter));
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    arguments.rows.finish(table, after.is_some(), out)
}

fn columns(letter: &DeliveryJson) -> [String; 6] {
    [
        moment(letter.state_at),
        letter.event_id.clone(),
        plain(&letter.route),
        plain(letter.event_type.as_deref().unwrap_or("-")),
        letter.attempts.to_string(),
        plain(letter.last_error.as_deref().unwrap_or("-")),
    ]
}
