//! `verify`: why a captured delivery does or does not verify.

mod captured;

use std::{io::Write, path::PathBuf, time::Duration};

use bytes::Bytes;
use clap::Args;
use http::HeaderMap;
use integration_core::{Clock, Result};
use integration_webhooks::{Explanation, IdOrigin, Source, Verified, WebhookEvent};
use serde_json::{Value, json};

use super::{
    Exit, output,
    signing::{MAX_BODY_BYTES, SigningArgs, read, wrong},
};
use crate::config::Environment;

/// Names the captured files and how they were signed.
#[derive(Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    signing: SigningArgs,
    /// The headers as they came, one `Name: value` a line; what `curl -v` prints will do
    #[arg(long, value_name = "FILE")]
    headers: PathBuf,
    /// The body as it came, byte for byte
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// The time to check against, in Unix seconds; default: now
    #[arg(long, value_name = "UNIX")]
    now: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Example: a delivery of two days ago was refused. Was it genuine?
  integration-gateway verify --scheme stripe --secret env:STRIPE_WEBHOOK_SECRET \\
      --headers headers.txt --body body.json

Give --secret more than once during a rotation. A body that an editor, a proxy or a log has
touched does not verify: capture the bytes.

Exit codes: 0 it verifies, 3 it does not, 2 usage, or a file that cannot be read.";

/// Verifies what was captured and says what came of it.
pub(crate) fn run(
    args: &VerifyArgs,
    environment: &Environment,
    clock: &dyn Clock,
    out: &mut dyn Write,
) -> Result<Exit> {
    let scheme = args.signing.scheme()?;
    let secrets = args.signing.secrets(environment)?;
    let secrets = secrets.into_iter().map(Into::into).collect();
    let source = Source::new(scheme.name(), scheme, secrets)?;
    let headers = captured::headers(&read(&args.headers, captured::MAX_FILE_BYTES)?)
        .map_err(|fault| wrong(&args.headers, format!("is no list of headers, {fault}")))?;
    let body = Bytes::from(read(&args.body, MAX_BODY_BYTES)?);
    let now = args.now.map_or_else(|| clock.unix(), Duration::from_secs);

    let verdict = judge(&source, &headers, &body, now);
    if args.json {
        output::line(out, &verdict.to_json(&source))?;
    } else {
        output::text(out, &verdict.to_text(&source, now))?;
    }
    Ok(match verdict {
        Verdict::Refused(_) => Exit::NotVerified,
        _ => Exit::Success,
    })
}

enum Verdict {
    Event(Box<WebhookEvent>),
    Handshake,
    Refused(Explanation),
}

fn judge(source: &Source, headers: &HeaderMap, body: &Bytes, now: Duration) -> Verdict {
    match source.verify(headers, body, now) {
        Ok(Verified::Event(event)) => Verdict::Event(Box::new(event)),
        Ok(_) => Verdict::Handshake,
        Err(_) => Verdict::Refused(source.explain(headers, body, now)),
    }
}

impl Verdict {
    fn to_json(&self, source: &Source) -> Value {
        let scheme = source.scheme().name();
        match self {
            Self::Event(event) => json!({
                "verified": true,
                "scheme": scheme,
                "id": event.id,
                "id_origin": origin(event.id_origin).0,
                "event_type": event.event_type,
                "signed_at_s": event.timestamp.map(|at| at.as_secs()),
                "secret_no": event.secret_no,
                "body_bytes": event.body.len(),
            }),
            Self::Handshake => json!({ "verified": true, "scheme": scheme, "handshake": true }),
            Self::Refused(why) => json!({
                "verified": false,
                "scheme": scheme,
                "reason": why.rejection.as_ref().map(|rejection| rejection.name()),
                "message": why.rejection.as_ref().map(ToString::to_string),
                "findings": why.findings,
                "answer_status": source.contract().bad_signature,
            }),
        }
    }

    fn to_text(&self, source: &Source, now: Duration) -> String {
        let scheme = source.scheme().name();
        match self {
            Self::Event(event) => summary(scheme, event, now),
            Self::Handshake => format!(
                "verified: a handshake of {scheme}, answered by the gateway and stored nowhere\n"
            ),
            Self::Refused(why) => format!(
                "{why}\nThe gateway would answer {} and store nothing.\n",
                source.contract().bad_signature
            ),
        }
    }
}

fn summary(scheme: &str, event: &WebhookEvent, now: Duration) -> String {
    let signed = match event.timestamp {
        None => "no time is signed in this scheme".to_owned(),
        Some(at) if at > now => format!("{}, {} s ahead", at.as_secs(), (at - now).as_secs()),
        Some(at) => format!("{}, {} s ago", at.as_secs(), (now - at).as_secs()),
    };
    let event_type = event.event_type.as_deref().unwrap_or("none given");
    format!(
        "verified: a delivery of {scheme}, by secret no. {}\n\
         - id {}, {}\n- type {}\n- signed at {signed}\n- body of {} bytes\n",
        event.secret_no,
        event.id.escape_debug(),
        origin(event.id_origin).1,
        event_type.escape_debug(),
        event.body.len(),
    )
}

/// Where the id is from, as a word and as a sentence.
fn origin(origin: IdOrigin) -> (&'static str, &'static str) {
    match origin {
        IdOrigin::Signed => ("signed", "which the signature covers"),
        IdOrigin::Header => (
            "header",
            "from a header nobody signed: duplicates are known by the body",
        ),
        IdOrigin::ContentHash => (
            "content_hash",
            "the hash of the body, as no id stays the same",
        ),
        _ => ("other", "from elsewhere"),
    }
}
