//! docs/TROUBLESHOOTING.md shows each kind of error as it is displayed: here they happen.
//!
//! Time is paused, chance is fixed and the transport answers from a table, so that a line of the
//! page is right to the last character or wrong.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use integration_core::{
    Delivery, Error, ErrorKind,
    bulkhead::BulkheadConfig,
    classify::{Call, Classify, Verdict},
    http::{
        Answer, AttemptRequest, Client, ClientBuilder, HeaderMap, HeaderValue, RawBody,
        RawResponse, StatusCode, Transport, TransportError,
    },
    rate_limit::Quota,
    resilience::Config,
};
use integration_testkit::FixedRng;

const BASE: &str = "https://api.example.com";
const ROUND_TRIP: Duration = Duration::from_millis(80);
const OPERATION: &str = "demo.charges.create";

/// What every attempt meets.
#[derive(Clone, Copy)]
enum Fate {
    Status(u16),
    /// A status with one header.
    Head(u16, &'static str, &'static str),
    Body(&'static [u8]),
    Failure(ErrorKind),
    Silence,
}

impl Transport for Fate {
    async fn send(&self, _: &AttemptRequest) -> Result<RawResponse, TransportError> {
        tokio::time::sleep(ROUND_TRIP).await;
        let answer = |status: u16, body| {
            let status = StatusCode::from_u16(status).unwrap();
            RawResponse::new(status, HeaderMap::new(), RawBody::Full(body))
        };
        match *self {
            Self::Status(status) => Ok(answer(status, Bytes::new())),
            Self::Head(status, name, value) => {
                let mut answer = answer(status, Bytes::new());
                let value = HeaderValue::from_static(value);
                answer.headers.insert(name, value);
                Ok(answer)
            }
            Self::Body(body) => Ok(answer(200, Bytes::from_static(body))),
            Self::Failure(kind) => Err(TransportError::new(kind)),
            Self::Silence => std::future::pending().await,
        }
    }
}

/// A provider's own word on a 409.
struct Says(ErrorKind);

impl Classify<Answer, TransportError> for Says {
    fn classify(&self, _: &Call<'_>, _: Result<&Answer, &TransportError>) -> Verdict {
        Verdict::failure(self.0).with_status(409)
    }
}

fn builder(fate: Fate) -> ClientBuilder {
    let builder = Client::standard(BASE).unwrap().transport(fate);
    builder.rng(Arc::new(FixedRng(0.5)))
}

fn client(fate: Fate) -> Client {
    builder(fate).build().unwrap()
}

async fn post(client: &Client) -> Error {
    let call = client.post("/charges").operation(OPERATION).body("5 EUR");
    call.send().await.unwrap_err()
}

/// A call that may be repeated.
async fn keyed(client: &Client) -> Error {
    let call = client.post("/charges").operation(OPERATION).body("5 EUR");
    call.idempotency_key("order-7").send().await.unwrap_err()
}

async fn mistakes() -> Vec<Error> {
    let client = client(Fate::Status(200));
    let no_path = client.post("charges").operation(OPERATION);
    let no_json = BTreeMap::from([([1, 2], "keys of JSON are text")]);
    let no_json = client.post("/charges").operation(OPERATION).json(&no_json);
    vec![
        no_path.send().await.unwrap_err(),
        no_json.send().await.unwrap_err(),
    ]
}

async fn refusals() -> Vec<Error> {
    let mut errors = Vec::new();
    for status in [422, 401, 403, 404, 412, 409, 402] {
        errors.push(post(&client(Fate::Status(status))).await);
    }
    for kind in [
        ErrorKind::IdempotencyMismatch,
        ErrorKind::IdempotencyInProgress,
    ] {
        let builder = builder(Fate::Status(409)).classify(Says(kind));
        errors.push(keyed(&builder.build().unwrap()).await);
    }
    let moved = Fate::Head(302, "location", "https://www.example.com/charges?token=1");
    errors.push(post(&client(moved)).await);
    errors
}

async fn failures() -> Vec<Error> {
    use ErrorKind::{Connect, ConnectionReset, Dns, Incomplete, TlsHandshake};
    let mut errors = Vec::new();
    for kind in [Connect, Dns, TlsHandshake] {
        errors.push(post(&client(Fate::Failure(kind))).await);
    }
    for kind in [ConnectionReset, Incomplete] {
        errors.push(keyed(&client(Fate::Failure(kind))).await);
    }
    errors.push(keyed(&client(Fate::Status(503))).await);
    errors.push(post(&client(Fate::Status(500))).await);
    errors.push(post(&client(Fate::Silence)).await);
    errors.push(keyed(&client(Fate::Silence)).await);
    errors
}

async fn answers() -> Vec<Error> {
    let json = client(Fate::Body(br#"{"amount":"many"}"#));
    let answer = json.post("/charges").operation(OPERATION).send().await;
    let no_number = answer.unwrap().json::<BTreeMap<String, u32>>().unwrap_err();
    let large = client(Fate::Body(&[b'x'; 2_000]));
    let large = large
        .post("/charges")
        .operation(OPERATION)
        .body_limit(1_024);
    vec![no_number, large.send().await.unwrap_err()]
}

/// Refused on our side, without a request.
async fn denials() -> Vec<Error> {
    let throttled = client(Fate::Head(429, "retry-after", "3600"));
    let (rate_limited, paused) = (post(&throttled).await, post(&throttled).await);

    let down = client(Fate::Status(500));
    while post(&down).await.kind() != ErrorKind::CircuitOpen {}
    let open = post(&down).await;

    let policies = Config::default().with_rate_limit(Quota::per_hour(1));
    let limited = builder(Fate::Status(200)).policies(policies).build();
    let limited = limited.unwrap();
    limited.post("/charges").send().await.unwrap();
    let limited = post(&limited).await;

    let bulkhead = BulkheadConfig::default();
    let bulkhead = bulkhead.with_max_in_flight(1).with_max_queue(0);
    let policies = Config::default().with_bulkhead(Some(bulkhead));
    let full = builder(Fate::Silence).policies(policies).build().unwrap();
    let first = full.clone();
    let first = tokio::spawn(async move { post(&first).await });
    tokio::task::yield_now().await;
    let full = post(&full).await;
    first.abort();
    vec![rate_limited, paused, open, limited, full]
}

/// What core's client does not make: they are shown with the words of their kind.
fn others() -> Vec<Error> {
    vec![
        Error::new(ErrorKind::Cancelled, "credentials.token")
            .with_message("fetching credentials was broken off"),
        Error::new(ErrorKind::Storage, "events.append"),
    ]
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_displayed_as_its_section_shows() {
    let Some(sections) = sections() else { return };
    let parts = [
        mistakes().await,
        refusals().await,
        failures().await,
        answers().await,
        denials().await,
        others(),
    ];
    let errors: BTreeMap<String, Error> = parts
        .into_iter()
        .flatten()
        .map(|error| (format!("{:?}", error.kind()), error))
        .collect();
    let mut wrong = Vec::new();
    for (kind, error) in &errors {
        let section = sections.get(kind).map(String::as_str);
        let shown = format!("\n```text\n{error}\n```\n");
        if !section.unwrap_or_default().contains(&shown) {
            wrong.push(format!("`{kind}` should show\n{error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(sections.len(), errors.len());
}

#[tokio::test(start_paused = true)]
async fn every_section_says_whether_the_call_was_executed() {
    let Some(sections) = sections() else { return };
    let words = |delivery| match delivery {
        Delivery::NotSent => "**Executed:** no",
        Delivery::MaybeExecuted => "**Executed:** perhaps",
        _ => "**Executed:** the server has answered",
    };
    for part in [
        refusals().await,
        failures().await,
        denials().await,
        others(),
    ] {
        for error in part {
            let kind = format!("{:?}", error.kind());
            let section = &sections[&kind];
            assert!(section.contains(words(error.delivery())), "{kind}");
        }
    }
}

#[test]
fn every_field_and_method_that_is_to_be_changed_exists() {
    let Some(sections) = sections() else { return };
    let fields = fs::read_to_string(docs().join("RESILIENCE.md")).unwrap();
    let source = ["http/request.rs", "http/builder.rs", "error/mod.rs"].map(|file| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
        fs::read_to_string(path).unwrap()
    });
    for (kind, section) in sections {
        let (_, change) = section.split_once("**Change:** ").unwrap();
        let named = change.split('`').skip(1).step_by(2);
        for name in named {
            let is_field = fields.contains(&format!("\n| `{name}` | "));
            let name = name.trim_end_matches("()");
            let functions = [format!("pub fn {name}("), format!("pub fn {name}<")];
            let is_there = |text: &String| functions.iter().any(|start| text.contains(start));
            let is_method = source.iter().any(is_there);
            assert!(is_field || is_method, "`{kind}` names `{name}`");
        }
    }
}

/// Returns the sections of the page by kind, or `None` where the crate was published alone.
#[expect(clippy::print_stdout, reason = "tells that nothing was checked")]
fn sections() -> Option<BTreeMap<String, String>> {
    let Ok(text) = fs::read_to_string(docs().join("TROUBLESHOOTING.md")) else {
        println!("skipped: this crate is here without its workspace");
        return None;
    };
    let sections = text.split("\n## `").skip(1).map(|section| {
        let (kind, rest) = section.split_once("`\n").unwrap();
        (kind.to_owned(), rest.to_owned())
    });
    Some(sections.collect())
}

fn docs() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"))
}
