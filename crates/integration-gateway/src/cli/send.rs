//! `send`: signs a made-up event as its sender would and posts it.

use std::{collections::BTreeMap, error::Error as _, io, io::Write, path::PathBuf, time::Duration};

use clap::Args;
use http::{HeaderMap, HeaderName, HeaderValue};
use integration_core::{Clock, Error, ErrorKind, FastRng, Result, http::Client, resilience};
use integration_webhooks::{Scheme, sign::Signer};
use serde::Serialize;
use url::Url;

use super::{
    Exit, output,
    signing::{MAX_BODY_BYTES, SigningArgs, read, usage},
};
use crate::{
    config::Environment,
    samples::{self, Sample},
};

/// Bytes of an answer that are shown.
const SHOWN_BYTES: usize = 200;
/// Time for one answer: longer than any sender waits.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Says what to send, how to sign it and where to.
#[derive(Args, Debug)]
#[command(after_help = help())]
pub(crate) struct SendArgs {
    #[command(flatten)]
    signing: SigningArgs,
    /// What happened; default: the scheme's commonest
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Where to post, such as `http://127.0.0.1:8787/in/stripe`
    #[arg(long)]
    url: Url,
    /// How many events, one after the other, each with an id of its own
    #[arg(long, default_value_t = 1, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// Send this file instead of a made-up body, byte for byte
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// Add a header, or replace one, the signature too
    #[arg(long = "header", value_name = "NAME:VALUE", value_parser = header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Print one JSON object an event
    #[arg(long)]
    json: bool,
}

fn help() -> String {
    let schemes = Scheme::names().iter().filter_map(|name| {
        let scheme: Scheme = name.parse().ok()?;
        Some(format!(
            "  {name:<20} {}\n",
            samples::types(&scheme).join(", ")
        ))
    });
    format!(
        "Example: three payments, as Stripe would send them\n  \
         integration-gateway send --scheme stripe --secret env:STRIPE_WEBHOOK_SECRET \\\n      \
         --type payment_intent.succeeded --count 3 --url http://127.0.0.1:8787/in/stripe\n\n\
         Types worth trying; any other word is taken too:\n{}\n\
         Every event is posted once and the answer shown as it came: nothing is retried.\n\n\
         Exit codes: 0 every answer was a 2xx, 1 one was not or none came, 2 usage.",
        schemes.collect::<String>()
    )
}

/// Posts the events and shows the answers.
pub(crate) async fn run(
    args: &SendArgs,
    environment: &Environment,
    clock: &dyn Clock,
    out: &mut dyn Write,
) -> Result<Exit> {
    let scheme = args.signing.scheme()?;
    let secrets = args.signing.secrets(environment)?;
    let [secret] = &*secrets else {
        return Err(usage(
            "--secret is given once: an event is signed with one secret",
        ));
    };
    let signer = Signer::new(&scheme, secret)?;
    let body = args.body.as_deref().map(|path| read(path, MAX_BODY_BYTES));
    let body = body.transpose()?;
    let client = client()?;
    let mut tally = BTreeMap::<u16, u32>::new();
    for number in 1..=args.count {
        let now = clock.unix();
        let mut sample = Sample::new(&scheme, args.event_type.as_deref(), &FastRng, now)?;
        if let Some(body) = &body {
            sample = sample.with_body(body.clone());
        }
        let mut headers = sample.sign(&signer, now)?;
        for (name, value) in &args.headers {
            headers.insert(name, value.clone());
        }
        let has_id = body.is_none() || headers.values().any(|value| *value == *sample.id);
        let answer = post(&client, &args.url, number, headers, &sample).await?;
        *tally.entry(answer.status).or_default() += 1;
        let line = Line {
            number,
            scheme: scheme.name(),
            event_type: &sample.event_type,
            id: has_id.then_some(&*sample.id),
            answer,
        };
        if args.json {
            output::line(out, &line)?;
        } else {
            output::text(out, &line.to_text(args.count))?;
        }
    }
    if args.count > 1 && !args.json {
        output::text(out, &summary(args.count, &tally))?;
    }
    let is_success = tally.keys().all(|status| (200..300).contains(status));
    Ok(if is_success {
        Exit::Success
    } else {
        Exit::Failed
    })
}

fn summary(count: u32, tally: &BTreeMap<u16, u32>) -> String {
    let counts = tally
        .iter()
        .map(|(status, count)| format!("{count} x {status}"));
    let counts: Vec<String> = counts.collect();
    format!("{count} sent: {}\n", counts.join(", "))
}

/// A client that shows what a single request gets: no second attempt, no breaker.
fn client() -> Result<Client> {
    let policies = resilience::Config::default()
        .with_timeouts(ANSWER_WITHIN, ANSWER_WITHIN)
        .with_max_attempts(1)
        .with_circuit_breaker(None);
    Client::builder().policies(policies).build()
}

/// What is shown of one event.
#[derive(Debug, Serialize)]
struct Line<'a> {
    number: u32,
    scheme: &'static str,
    event_type: &'a str,
    /// `None` if a body of the caller's own has an id that we do not know.
    id: Option<&'a str>,
    #[serde(flatten)]
    answer: Answer,
}

/// What came back.
#[derive(Debug, Serialize)]
struct Answer {
    status: u16,
    #[serde(rename = "answer")]
    body: String,
    elapsed_ms: u128,
}

async fn post(
    client: &Client,
    url: &Url,
    number: u32,
    headers: HeaderMap,
    sample: &Sample,
) -> Result<Answer> {
    let mut request = client
        .post(url.as_str())
        .operation("gateway.send")
        // A key of its own, as a `Retry-After` would hold whoever shares the key.
        .key(format!("event {number}"))
        .body(sample.body.clone());
    for (name, value) in &headers {
        request = request.header(name.as_str(), value.as_bytes());
    }
    match request.send().await {
        Ok(response) => Ok(Answer {
            status: response.status().as_u16(),
            body: shown(response.body()),
            elapsed_ms: response.elapsed().as_millis(),
        }),
        Err(error) => match error.status() {
            Some(status) => Ok(Answer {
                status,
                body: error
                    .provider_body()
                    .map(|body| shown(body))
                    .unwrap_or_default(),
                elapsed_ms: error.elapsed().as_millis(),
            }),
            None => Err(unanswered(error, url)),
        },
    }
}

/// Says what to do where nobody listens.
fn unanswered(error: Error, url: &Url) -> Error {
    if !is_refused(&error) {
        return error;
    }
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    Error::new(ErrorKind::Connect, "gateway.send").with_message(format!(
        "nothing listens at {host}:{port}; start the gateway with `integration-gateway serve`, or correct --url"
    ))
}

fn is_refused(error: &Error) -> bool {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let mut io = causes.filter_map(|cause| cause.downcast_ref::<io::Error>());
    io.any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused)
}

impl Line<'_> {
    fn to_text(&self, count: u32) -> String {
        let mut text = String::new();
        if count > 1 {
            text += &format!("{}/{count} ", self.number);
        }
        text += &format!("{} {}", self.scheme, self.event_type);
        if let Some(id) = self.id {
            text += &format!(" {id}");
        }
        let Answer {
            status,
            body,
            elapsed_ms,
        } = &self.answer;
        text += &format!("  {status} in {elapsed_ms} ms");
        if !body.is_empty() {
            text += &format!("  {body}");
        }
        text + "\n"
    }
}

/// The beginning of an answer, on one line and safe to print.
fn shown(body: &[u8]) -> String {
    let start = body.get(..SHOWN_BYTES).unwrap_or(body);
    let text = String::from_utf8_lossy(start);
    text.trim().escape_debug().collect()
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), &'static str> {
    let (name, value) = text.split_once(':').ok_or("write it as NAME:VALUE")?;
    let name = name
        .trim()
        .parse()
        .map_err(|_| "what is before the colon is no header name")?;
    let value =
        HeaderValue::from_str(value.trim()).map_err(|_| "the value has a control character")?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let (name, value) = header("X-One: a:b ").unwrap();
        assert_eq!((name.as_str(), value.as_bytes()), ("x-one", &b"a:b"[..]));
        for wrong in ["x-one", "x one: 1", ": 1", "x: a\nb"] {
            assert!(header(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_shown_of_an_answer_is_one_bounded_line() {
        assert_eq!(shown(b" two\nlines\x1b[31m "), "two\\nlines\\u{1b}[31m");
        assert_eq!(shown(&[b'a'; SHOWN_BYTES + 1]).len(), SHOWN_BYTES);
    }
}
