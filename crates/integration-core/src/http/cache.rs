//! Keeps answers that may be used again, and asks the server whether they still hold.
//!
//! What may be kept, for how long and how it is asked for again is decided by
//! `http-cache-semantics`, for a private cache and by what the server says: nothing is guessed from
//! the age of a document. Nothing of another credential is ever served, as all headers of a request
//! are part of what must be equal.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ::http::{HeaderMap, Method, StatusCode, header, request, response};
use http_cache_semantics::{AfterResponse, BeforeRequest, CacheOptions, CachePolicy};
use quick_cache::{Weighter, sync::Cache};

use super::{
    client::Inner,
    equal::CallKey,
    response::{Answer, Response},
    send::{self, Prepared},
    transport::AttemptRequest,
};
use crate::{config::invalid, error::Result, observer::Happening};

/// The part of the cache, one in this many, that one answer may take.
const LARGEST: u64 = 8;

/// Configures the cache of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheConfig {
    /// Bytes that all answers take together, with their headers; at least 1,024. An answer of more
    /// than an eighth is not kept. Default: 16 MiB.
    pub max_bytes: u64,
}

impl CacheConfig {
    /// Sets how many bytes all answers take together.
    #[must_use]
    pub const fn with_max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            max_bytes: 16 * 1024 * 1024,
        }
    }
}

/// The answers of one client.
pub(super) struct ResponseCache {
    max_bytes: u64,
    entries: Cache<CallKey, Arc<Entry>, BySize>,
}

struct Entry {
    policy: CachePolicy,
    answer: Answer,
    size: u64,
}

#[derive(Clone)]
struct BySize;

impl Weighter<CallKey, Arc<Entry>> for BySize {
    fn weight(&self, _key: &CallKey, entry: &Arc<Entry>) -> u64 {
        entry.size
    }
}

/// What is known of a call.
enum Found {
    Fresh(Answer),
    /// To be asked for with these headers.
    Stale(Arc<Entry>, HeaderMap),
    Nothing,
}

/// Answers from the cache, or sends the call and keeps what may be kept.
pub(super) async fn send(prepared: Prepared) -> Result<Response> {
    let client = prepared.client.clone();
    let inner = &*client.inner;
    let Some(cache) = &inner.cache else {
        return join(prepared).await;
    };
    if !may_serve(&prepared.request) {
        let url = prepared.request.url.as_str().to_owned();
        let is_write = !prepared.request.method.is_safe();
        let result = join(prepared).await;
        if is_write {
            // Also after an error: the server may have acted.
            cache.forget(&url);
        }
        return result;
    }
    let began = inner.driver.now();
    let (key, head) = (CallKey::new(&prepared), head(&prepared.request));
    let (stale, conditional) = match cache.find(&key, &head, inner.driver.unix()) {
        Found::Fresh(answer) => return Ok(fresh(inner, prepared, answer)),
        Found::Stale(entry, headers) => {
            let mut conditional = prepared.clone();
            conditional.request.headers = headers;
            conditional.revalidates = true;
            (Some(entry), conditional)
        }
        Found::Nothing => (None, prepared.clone()),
    };
    let mut response = join(conditional).await?;
    let now = inner.driver.unix();
    if let Some(entry) = stale
        && response.status() == StatusCode::NOT_MODIFIED
    {
        if let Some(answer) = cache.renew(key.clone(), &entry, (&head, &response.answer), now) {
            response.answer = answer;
            return Ok(response);
        }
        // "Not modified" of another version than ours: there is no body for it.
        cache.entries.remove(&key);
        let passed = inner.driver.now().saturating_duration_since(began);
        response = join(prepared.after(passed)).await?;
    }
    cache.keep(key, &head, &response.answer, now);
    Ok(response)
}

async fn join(prepared: Prepared) -> Result<Response> {
    send::join(prepared).await.map(|driven| driven.head)
}

/// Plain reads only: who sends conditions or asks for a part wants the server's own answer.
fn may_serve(request: &AttemptRequest) -> bool {
    let own = [
        header::RANGE,
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_MATCH,
        header::IF_UNMODIFIED_SINCE,
    ];
    request.method == Method::GET
        && request.body.is_empty()
        && !own.iter().any(|name| request.headers.contains_key(name))
}

fn fresh(inner: &Inner, prepared: Prepared, answer: Answer) -> Response {
    let operation = prepared.options.operation;
    inner
        .driver
        .emit(&operation, &prepared.key, Happening::ServedFromCache);
    Response::at_hand(operation, answer)
}

/// The head of a request, in the shape that the policies read.
fn head(request: &AttemptRequest) -> request::Parts {
    let (mut parts, ()) = ::http::Request::new(()).into_parts();
    parts.method = request.method.clone();
    // An address of ours parses; should it not, nothing matches it and nothing is served.
    parts.uri = request.url.as_str().parse().unwrap_or_default();
    parts.headers = request.headers.clone();
    parts
}

fn head_of(answer: &Answer) -> response::Parts {
    let (mut parts, ()) = ::http::Response::new(()).into_parts();
    parts.status = answer.status;
    parts.headers = answer.headers.clone();
    parts
}

fn wall(unix: Duration) -> SystemTime {
    UNIX_EPOCH + unix
}

impl ResponseCache {
    pub(super) fn new(config: CacheConfig) -> Result<Self> {
        const LEAST: u64 = 1_024;
        const TYPICAL: u64 = 4_096;
        if config.max_bytes < LEAST {
            return Err(invalid("cache.max_bytes", "must be at least 1024"));
        }
        let items = usize::try_from(config.max_bytes / TYPICAL + 1).unwrap_or(usize::MAX);
        Ok(Self {
            max_bytes: config.max_bytes,
            entries: Cache::with_weighter(items, config.max_bytes, BySize),
        })
    }

    fn find(&self, key: &CallKey, head: &request::Parts, unix: Duration) -> Found {
        let Some(entry) = self.entries.get(key) else {
            return Found::Nothing;
        };
        match entry.policy.before_request(head, wall(unix)) {
            BeforeRequest::Fresh(parts) => Found::Fresh(Answer {
                status: parts.status,
                headers: parts.headers,
                body: entry.answer.body.clone(),
            }),
            BeforeRequest::Stale { request, matches } if matches => {
                Found::Stale(entry, request.headers)
            }
            BeforeRequest::Stale { .. } => Found::Nothing,
        }
    }

    fn keep(&self, key: CallKey, head: &request::Parts, answer: &Answer, unix: Duration) {
        let options = CacheOptions {
            shared: false,
            cache_heuristic: 0.0,
            ..CacheOptions::default()
        };
        let policy = CachePolicy::new_options(head, &head_of(answer), wall(unix), options);
        self.insert(key, policy, answer.clone(), unix);
    }

    /// Takes the headers of a 304 over; `None` when it is not about the answer that we have.
    fn renew(
        &self,
        key: CallKey,
        entry: &Entry,
        (head, answer): (&request::Parts, &Answer),
        unix: Duration,
    ) -> Option<Answer> {
        match entry
            .policy
            .after_response(head, &head_of(answer), wall(unix))
        {
            AfterResponse::NotModified(policy, parts) => {
                let answer = Answer {
                    status: parts.status,
                    headers: parts.headers,
                    body: entry.answer.body.clone(),
                };
                self.insert(key, policy, answer.clone(), unix);
                Some(answer)
            }
            AfterResponse::Modified(..) => None,
        }
    }

    /// Keeps an answer that can be used again at once, or after the server was asked.
    fn insert(&self, key: CallKey, policy: CachePolicy, answer: Answer, unix: Duration) {
        let can_ask = [header::ETAG, header::LAST_MODIFIED]
            .iter()
            .any(|name| answer.headers.contains_key(name));
        let lives = !policy.time_to_live(wall(unix)).is_zero();
        let headers = answer.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        // Headers are held by the key, the policy and the answer.
        let size = 2 * (key.size() + headers) + answer.body.len();
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        if !policy.is_storable() || !(can_ask || lives) || size > self.max_bytes / LARGEST {
            self.entries.remove(&key);
            return;
        }
        let entry = Entry {
            policy,
            answer,
            size,
        };
        self.entries.insert(key, Arc::new(entry));
    }

    /// Forgets every answer of an address: something was written there.
    fn forget(&self, url: &str) {
        self.entries.retain(|key, _| key.url() != url);
    }
}

impl fmt::Debug for ResponseCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseCache")
            .field("len", &self.entries.len())
            .field("bytes", &self.entries.weight())
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}
