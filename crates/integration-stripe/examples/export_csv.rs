//! Writes all charges of the account as CSV, page by page, to the standard output.
//!
//! Run: `STRIPE_SECRET_KEY=.. cargo run -p integration-stripe --example export_csv > charges.csv`.
//! Progress goes to the standard error; where it ended early it says how to go on.
#![expect(clippy::print_stderr, reason = "an example shows its progress")]

use std::io::{self, BufWriter, Write};

use integration_core::page::Cursor;
use integration_stripe::{
    Client, Config,
    resources::{Charge, ListCharges},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(Config::from_env()?)?;
    let from = std::env::args().nth(1).map(Cursor::from);
    let mut out = BufWriter::new(io::stdout().lock());
    writeln!(
        out,
        "id,created,amount,currency,status,customer,description"
    )?;
    let mut pages = client
        .charges()
        .list(&ListCharges::new())
        .pages_from(from)
        .prefetch(true);
    let mut count = 0;
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                out.flush()?;
                if let Some(place) = error.resume_cursor() {
                    eprintln!("to go on, give the argument {}", place.as_str());
                }
                return Err(error.into());
            }
        };
        for charge in &page.items {
            writeln!(out, "{}", row(charge))?;
        }
        count += page.items.len();
        eprint!("\r{count} charges");
    }
    eprintln!();
    out.flush()?;
    Ok(())
}

fn row(charge: &Charge) -> String {
    let customer = charge.customer();
    let status = charge.status();
    [
        charge.id().unwrap_or_default(),
        &charge.created().unwrap_or_default().to_string(),
        &charge.amount().unwrap_or_default().to_string(),
        charge.currency().unwrap_or_default(),
        status.as_ref().map_or("", |status| status.as_str()),
        customer.as_ref().and_then(|c| c.id()).unwrap_or_default(),
        charge.description().unwrap_or_default(),
    ]
    .map(field)
    .join(",")
}

/// Quotes what needs it, and keeps spreadsheets from running a text that somebody else wrote.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']);
    let text = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
