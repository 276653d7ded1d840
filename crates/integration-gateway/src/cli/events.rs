//! `events list|show|replay`.

use std::io::Write;

use clap::{ArgGroup, Args, Subcommand};
use integration_core::{Clock, Error, ErrorKind, Result};
use integration_events::{
    DeliveryState, EventId, PageRequest, SqliteStore, Store as _, UnixMillis, limits::MAX_PAGE,
};

use super::{
    Common, Exit,
    filter::{DeliveryFilterArgs, EventFilterArgs, Target},
    output,
    redo::{self, HowArgs},
    store,
    table::{Table, moment, plain},
};
use crate::{
    config::Environment,
    views::{DeliveryDetail, EventDetail, EventJson},
};

/// What can be done with events.
#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// List events, the latest first
    #[command(
        after_help = "Example: what Stripe sent about payments within the last hour
  integration-gateway events list --source stripe --type 'payment_intent.*' --since 1h

Works whether or not the gateway runs."
    )]
    List(ListArgs),
    /// Show an event with its body, its deliveries and every attempt
    #[command(after_help = "Example:
  integration-gateway events show evt_2b7e151628aed2a6abf7158809cf4f3c")]
    Show(ShowArgs),
    /// Deliver events again that were delivered, given up or dropped
    #[command(
        after_help = "Examples: one event; then all of a day, ten a second, but first see how many
  integration-gateway events replay evt_2b7e151628aed2a6abf7158809cf4f3c
  integration-gateway events replay --all --since 1d --rate 10 --dry-run

A destination gets the same webhook-id again: one that remembers it does nothing twice.
What is still under way is left alone."
    )]
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    filter: EventFilterArgs,
    #[command(flatten)]
    rows: output::RowsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Event to show
    #[arg(value_name = "ID")]
    id: EventId,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["ids", "all"])))]
pub(crate) struct ReplayArgs {
    /// Events, or deliveries by their numbers
    #[arg(value_name = "ID", num_args = 1..=1000)]
    ids: Vec<Target>,
    /// Every event that the options fit
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: DeliveryFilterArgs,
    /// Only deliveries in this state: done, dead or dropped [default: all three]
    #[arg(long, value_name = "STATE", value_parser = finished)]
    state: Option<DeliveryState>,
    #[command(flatten)]
    how: HowArgs,
}

fn finished(word: &str) -> Result<DeliveryState, &'static str> {
    let state = word.parse().ok();
    state
        .filter(|state: &DeliveryState| state.is_finished())
        .ok_or("a state is done, dead or dropped")
}

/// Does one of the commands.
pub(super) async fn run(
    command: &EventsCommand,
    common: &Common,
    environment: &Environment,
    clock: &dyn Clock,
    out: &mut dyn Write,
) -> Result<Exit> {
    let store = store::open(common, environment)?;
    let now = UnixMillis::from_duration(clock.unix());
    match command {
        EventsCommand::List(arguments) => list(&store, arguments, now, out).await?,
        EventsCommand::Show(arguments) => show(&store, arguments, out).await?,
        EventsCommand::Replay(arguments) => {
            let mut filter = arguments.filter.filter(now, &arguments.ids);
            filter.states = match arguments.state {
                Some(state) => vec![state],
                None => vec![
                    DeliveryState::Done,
                    DeliveryState::Dead,
                    DeliveryState::Dropped,
                ],
            };
            redo::replay(&store, filter, &arguments.how, now, out).await?;
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
    let mut table = Table::new(["RECEIVED", "ID", "SOURCE", "TYPE", "BYTES", "DUPLICATES"]);
    let (mut left, mut after) = (arguments.rows.limit, None);
    while left > 0 {
        let limit = left.min(MAX_PAGE);
        let request = PageRequest { limit, after };
        let page = store.events(arguments.filter.filter(now), request).await?;
        left -= page.items.len();
        for event in page.items.iter().map(EventJson::from) {
            if arguments.rows.json {
                output::line(out, &event)?;
            } else {
                table.row(columns(&event));
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    arguments.rows.finish(table, after.is_some(), out)
}

fn columns(event: &EventJson) -> [String; 6] {
    [
        moment(event.received_at),
        event.id.clone(),
        plain(&event.source),
        plain(event.event_type.as_deref().unwrap_or("-")),
        event.body_bytes.to_string(),
        event.duplicates.to_string(),
    ]
}

async fn show(store: &SqliteStore, arguments: &ShowArgs, out: &mut dyn Write) -> Result<()> {
    let Some(detail) = EventDetail::read(store, arguments.id).await? else {
        let message = format!("there is no event {}", arguments.id);
        return Err(Error::new(ErrorKind::NotFound, "gateway.events").with_message(message));
    };
    if arguments.json {
        return output::line(out, &detail);
    }
    output::text(out, &described(&detail))
}

/// Describes an event for people.
fn described(detail: &EventDetail) -> String {
    let event = &detail.event;
    let mut lines = vec![
        format!(
            "{}  {}",
            event.id,
            plain(event.event_type.as_deref().unwrap_or("-"))
        ),
        format!("source      {}", plain(&event.source)),
        format!("provider id {}", plain(&event.provider_id)),
        format!("received    {}", moment(event.received_at)),
    ];
    lines.extend(
        event
            .occurred_at
            .map(|at| format!("occurred    {}", moment(at))),
    );
    lines.push(format!("duplicates  {}", event.duplicates));
    for delivery in &detail.deliveries {
        lines.extend(["".to_owned(), described_delivery(delivery)]);
    }
    let headers = detail.headers.iter();
    let headers =
        headers.map(|header| format!("{}: {}", plain(&header.name), plain(&header.value)));
    lines.push(String::new());
    lines.extend(headers);
    lines.push(String::new());
    lines.push(match (&detail.body, event.is_emptied) {
        (_, true) => format!("(body of {} bytes removed by retention)", event.body_bytes),
        (Some(body), _) => output::printable(body),
        (None, _) => format!(
            "(body of {} bytes is not text; --json has it)",
            event.body_bytes
        ),
    });
    lines.join("\n") + "\n"
}

fn described_delivery(detail: &DeliveryDetail) -> String {
    let delivery = &detail.delivery;
    let mut text = format!(
        "delivery {} to {}: {} since {}, attempt {} of {}",
        delivery.delivery,
        plain(&delivery.route),
        delivery.state,
        moment(delivery.state_at),
        delivery.attempts,
        delivery.max_attempts
    );
    if let Some(key) = &delivery.order_key {
        text.push_str(&format!(", in order of {}", plain(key)));
    }
    for attempt in &detail.history {
        let status = attempt
            .status
            .map_or_else(|| "-".to_owned(), |s| s.to_string());
        text.push_str(&format!(
            "\n  {:>3}  {}  {:>6} ms  {status:>3}  {}  {}",
            attempt.number,
            moment(attempt.started_at),
            attempt.elapsed_ms,
            attempt.outcome,
            plain(attempt.error.as_deref().unwrap_or_default())
        ));
    }
    text
}
