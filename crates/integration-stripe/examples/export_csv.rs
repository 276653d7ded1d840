//! Writes all charges of the account as CSV, page by page, to the standard output.
//!
//! Run: `STRIPE_SECRET_KEY=.. cargo run -p integration-stripe --example export_csv > charges.csv`.
//! A bar on the standard error shows how far it came; where it ended early it says how to go on.

use std::io::{self, BufWriter, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use integration_core::page::Cursor;
use integration_stripe::{
    Client, Config,
    resources::{Charge, ListCharges},
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let client = Client::new(Config::from_env()?)?;
    let from = std::env::args().nth(1).map(Cursor::from);
    let bar = bar(ProgressDrawTarget::stderr())?;
    export(&client, from, &mut BufWriter::new(io::stdout()), &bar).await
}

/// How many there are is known at the end only: what moves is the count, and the time span.
fn bar(target: ProgressDrawTarget) -> Result<ProgressBar> {
    let bar = ProgressBar::with_draw_target(None, target);
    let style = "{spinner} {human_pos} charges, {per_sec}, back to {msg}";
    bar.set_style(ProgressStyle::with_template(style)?);
    Ok(bar)
}

async fn export(
    client: &Client,
    from: Option<Cursor>,
    out: &mut impl Write,
    bar: &ProgressBar,
) -> Result<()> {
    if from.is_none() {
        let head = "id,created,amount,currency,status,customer,description";
        write!(out, "{head}\r\n")?;
    }
    let list = client.charges().list(&ListCharges::new());
    let mut pages = list.pages_from(from).prefetch(true);
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                out.flush()?;
                if let Some(place) = error.resume_cursor() {
                    bar.abandon_with_message(format!("here; go on with {}", place.as_str()));
                }
                return Err(error.into());
            }
        };
        for charge in &page.items {
            write!(out, "{}\r\n", row(charge))?;
        }
        let last = page.items.last().and_then(Charge::created);
        bar.set_message(last.unwrap_or_default().to_string());
        bar.inc(u64::try_from(page.items.len())?);
    }
    out.flush()?;
    bar.finish();
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
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
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

#[cfg(test)]
mod tests {
    use integration_stripe::resources::CreatePaymentIntent;
    use integration_testkit::stripe::{FakeStripe, StripeFault};

    use super::*;

    /// A fake with this many charges, whose descriptions need care.
    async fn charged(count: usize) -> (FakeStripe, Client) {
        let fake = FakeStripe::start().await.unwrap();
        let key = "sk_test_1".to_owned().into();
        let config = Config::new(key)
            .with_base_url(fake.url())
            .with_rate_limit(10_000);
        let client = Client::new(config).unwrap();
        let texts = ["plain", "a \"b\", c", "two\nlines", "=1+1", ""];
        for (number, text) in texts.iter().cycle().take(count).enumerate() {
            let order = CreatePaymentIntent::new(100 + i64::try_from(number).unwrap(), "eur")
                .payment_method("pm_card_visa")
                .description(*text)
                .confirm(true);
            client
                .payment_intents()
                .create(&order)
                .send()
                .await
                .unwrap();
        }
        (fake, client)
    }

    /// Reads CSV as RFC 4180 has it.
    fn read(csv: &str) -> Vec<Vec<String>> {
        let mut rows = vec![vec![String::new()]];
        let mut letters = csv.chars().peekable();
        let mut is_quoted = false;
        while let Some(letter) = letters.next() {
            let row = rows.last_mut().unwrap();
            match letter {
                '"' if is_quoted && letters.peek() == Some(&'"') => {
                    letters.next();
                    row.last_mut().unwrap().push('"');
                }
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => row.push(String::new()),
                '\r' if !is_quoted => assert_eq!(letters.next(), Some('\n')),
                _ => row.last_mut().unwrap().push(letter),
            }
            if letter == '\r' && !is_quoted {
                rows.push(vec![String::new()]);
            }
        }
        assert!(!is_quoted);
        assert_eq!(rows.pop().unwrap(), [""]);
        rows
    }

    #[tokio::test]
    async fn every_charge_is_a_row_that_reads_back() {
        let (fake, client) = charged(230).await;
        let bar = bar(ProgressDrawTarget::hidden()).unwrap();
        let mut out = Vec::new();
        let before = fake.server().count();
        export(&client, None, &mut out, &bar).await.unwrap();
        assert_eq!(fake.server().count() - before, 3);
        let rows = read(&String::from_utf8(out).unwrap());
        assert!(rows.iter().all(|row| row.len() == 7));
        let mut charges = fake.objects("charge");
        charges.reverse();
        assert_eq!(rows.len(), charges.len() + 1);
        for (row, charge) in rows[1..].iter().zip(&charges) {
            assert_eq!(row[0], charge["id"].as_str().unwrap());
            assert_eq!(row[2], charge["amount"].to_string());
            let text = charge["description"].as_str().unwrap_or_default();
            assert_eq!(row[6].trim_start_matches('\''), text);
        }
        assert!(rows.iter().any(|row| row[6] == "'=1+1"));
        assert_eq!((bar.position(), bar.is_finished()), (230, true));
        assert_eq!(bar.message(), charges[229]["created"].to_string());
    }

    #[tokio::test]
    async fn it_goes_on_where_it_ended() {
        let (fake, client) = charged(130).await;
        let hidden = || bar(ProgressDrawTarget::hidden()).unwrap();
        let mut out = Vec::new();
        let lasting = vec![StripeFault::ErrorBefore; 3];
        let first = fake.objects("charge")[30].clone();
        let first = first["id"].as_str().unwrap();
        let from = || Some(Cursor::from(first.to_owned()));
        fake.inject(lasting);
        assert!(export(&client, from(), &mut out, &hidden()).await.is_err());
        assert!(out.is_empty());
        export(&client, from(), &mut out, &hidden()).await.unwrap();
        assert_eq!(read(&String::from_utf8(out).unwrap()).len(), 30);
    }
}
