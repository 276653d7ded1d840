//! A server that answers what a test says, and remembers what it was sent.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{
    Clock, SystemClock,
    http::{
        AttemptRequest, Client, HeaderMap, HeaderName, HeaderValue, Method, OpenBody, RawBody,
        RawResponse, StatusCode, Transport, TransportError,
    },
};
use integration_oauth::{Provider, ProviderBuilder, preset::Preset};
use integration_testkit::leaks;
use serde_json::{Value, json};
use tokio::time::Instant;

/// When the tests take place, since the Unix epoch.
pub(crate) const NOW: Duration = Duration::from_secs(1_800_000_000);

#[derive(Debug)]
pub(crate) struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        NOW
    }
}

/// What was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) url: url::Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Sent {
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        self.fields(name).pop()
    }

    pub(crate) fn fields(&self, name: &str) -> Vec<String> {
        let pairs = url::form_urlencoded::parse(self.body.as_bytes());
        let pairs = pairs.filter(|(other, _)| other == name);
        pairs.map(|(_, value)| value.into_owned()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    documents: Vec<(String, Answer)>,
    sent: Vec<Sent>,
    delay: Duration,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Server {
    /// Answers the next request with this.
    pub(crate) fn answer(&self, status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) {
        self.0
            .lock()
            .unwrap()
            .answers
            .push_back(answer(status, headers, body));
    }

    pub(crate) fn json(&self, status: u16, body: &Value) {
        self.answer(
            status,
            &[("content-type", "application/json")],
            body.to_string(),
        );
    }

    /// Answers every request for this address with this.
    pub(crate) fn serve(&self, url: &str, status: u16, body: &Value) {
        let answer = answer(status, &[], body.to_string());
        let documents = &mut self.0.lock().unwrap().documents;
        documents.retain(|(other, _)| other != url);
        documents.push((url.to_owned(), answer));
    }

    /// Takes so long for every answer from now on.
    pub(crate) fn hold(&self, delay: Duration) {
        self.0.lock().unwrap().delay = delay;
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.0.lock().unwrap().sent.clone()
    }

    pub(crate) fn last(&self) -> Sent {
        self.sent().pop().expect("something was sent")
    }

    /// How often this address was asked.
    pub(crate) fn count(&self, url: &str) -> usize {
        self.sent()
            .iter()
            .filter(|sent| sent.url.as_str() == url)
            .count()
    }

    fn take(&self, sent: Sent) -> (Answer, Duration) {
        let mut state = self.0.lock().unwrap();
        let known = state
            .documents
            .iter()
            .find(|(url, _)| url == sent.url.as_str());
        let known = known.map(|(_, answer)| answer.clone());
        let answer = known.or_else(|| state.answers.pop_front());
        let answer = answer.unwrap_or_else(|| panic!("no answer for {}", sent.url));
        state.sent.push(sent);
        (answer, state.delay)
    }

    pub(crate) fn client(&self) -> Client {
        leaks::begin();
        Client::builder().transport(self.clone()).build().unwrap()
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Answer {
        status,
        headers: headers.iter().map(owned).collect(),
        body: body.into(),
    }
}

impl Transport for Server {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        let body = match request.body.open()? {
            OpenBody::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            _ => panic!("no streams here"),
        };
        leaks::note_request(request.url.as_str(), &request.headers, body.as_bytes());
        let (answer, delay) = self.take(Sent {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body,
        });
        tokio::time::sleep(delay).await;
        let mut headers = HeaderMap::new();
        for (name, value) in &answer.headers {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        leaks::note_answer(&headers, &answer.body);
        Ok(RawResponse::new(
            StatusCode::from_u16(answer.status).unwrap(),
            headers,
            RawBody::Full(answer.body.into()),
        ))
    }
}

/// The parts of a JWT.
pub(crate) fn jwt(token: &str) -> (Value, Value) {
    let mut parts = token
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut part = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (part(), part())
}

/// A server of the standard kind, at `https://as.example.test`.
pub(crate) fn preset() -> Preset {
    let mut preset = Preset::default();
    preset.name = "demo".to_owned();
    preset.authorize = Some("https://as.example.test/authorize".to_owned());
    preset.token = Some("https://as.example.test/token".to_owned());
    preset
}

pub(crate) fn builder(server: &Server, preset: Preset) -> ProviderBuilder {
    Provider::builder(preset)
        .client_id("app")
        .redirect_uri("https://app.example.test/cb")
        .http(server.client())
        .clock(Arc::new(FixedClock))
}

/// A confidential client of a server of the standard kind.
pub(crate) fn provider(server: &Server) -> Provider {
    builder(server, preset())
        .client_secret("s3cret")
        .build()
        .unwrap()
}

/// A good answer.
pub(crate) fn tokens() -> Value {
    json!({"access_token": "AT", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "RT2", "scope": "a b"})
}
