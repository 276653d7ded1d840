//! The client, and the one place where the policies of its calls are set.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use integration_core::{
    Delivery, Error, ErrorKind, Result,
    credentials::Credentials,
    http::{self, ClientBuilder, HeaderMap, RequestBuilder, StreamingResponse},
    rate_limit::{Cost, Quota, RateLimitConfig},
    resilience::Preset,
};

use crate::{
    Config, Node, StripeError,
    config::{self, KeyMode},
    error::Classifier,
    op::{Call, Host, Paging, Verb},
};

/// Searches a second that Stripe takes of an account.
const SEARCHES_PER_SECOND: u32 = 20;

/// Calls a second that Stripe takes for files.
const FILES_PER_SECOND: u32 = 20;

/// Bytes of the longest idempotency key.
const MAX_KEY: usize = 255;

/// Calls Stripe. A clone is cheap and shares connections, limits and the circuit breaker.
///
/// Every write carries an `Idempotency-Key` that is the same on all attempts, so it may be repeated:
/// as `Stripe-Should-Retry` says, else after a 409, a 429, a 5xx or a broken connection. Stripe's own
/// clients do not repeat a 429; this one does, after a longer wait and within the retry budget.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    acting: Option<Acting>,
}

struct Shared {
    config: Config,
    customize: Box<dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync>,
    /// A client for each host, made when it is first called.
    hosts: [OnceLock<http::Client>; 4],
}

/// For whom a client acts: one of two headers, never both.
#[derive(Clone, Debug)]
struct Acting {
    header: &'static str,
    whom: Arc<str>,
}

impl Client {
    /// Creates a client. Opens no connection.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field that is wrong.
    pub fn new(config: Config) -> Result<Self> {
        Self::customized(config, |builder| builder)
    }

    /// Creates a client on an HTTP client that is changed before it is built: other policies, an
    /// observer, a clock, a transport, a proxy.
    ///
    /// `customize` is called once for each host of Stripe that is called.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field that is wrong.
    pub fn customized(
        config: Config,
        customize: impl Fn(ClientBuilder) -> ClientBuilder + Send + Sync + 'static,
    ) -> Result<Self> {
        config.validate()?;
        if config.key_mode() == KeyMode::Live && config::is_loopback(&config.base_url) {
            tracing::warn!("a live key is sent to this machine: tests need a test key");
        }
        let account = config.account.as_deref();
        let acting = account
            .map(|account| Acting::new("stripe-account", account))
            .or_else(|| {
                let context = config.context.as_deref();
                context.map(|context| Acting::new("stripe-context", context))
            });
        let client = Self {
            acting,
            shared: Arc::new(Shared {
                config,
                customize: Box::new(customize),
                hosts: Default::default(),
            }),
        };
        client.shared.http(Host::Api)?;
        Ok(client)
    }

    /// Returns a client that acts for a connected account, unless a call says otherwise.
    #[must_use]
    pub fn for_account(&self, account: &str) -> Self {
        self.acting(Acting::new("stripe-account", account))
    }

    /// Returns a client that acts in a context, such as that of an event, unless a call says
    /// otherwise.
    #[must_use]
    pub fn in_context(&self, context: &str) -> Self {
        self.acting(Acting::new("stripe-context", context))
    }

    fn acting(&self, acting: Acting) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            acting: Some(acting),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Sends a call and reads its answer: the one place that all operations come through.
    pub(crate) async fn execute(&self, call: &Call) -> Result<http::Response> {
        let sent = self.request(call)?.send().await;
        match &sent {
            Ok(response) => notice(call, response.headers()),
            Err(error) => {
                if let Some(body) = error.provider::<StripeError>() {
                    notice(call, body.headers());
                }
            }
        }
        sent
    }

    /// Sends a call and parses its answer.
    pub(crate) async fn fetch(&self, call: &Call) -> Result<Node> {
        let response = self.execute(call).await?;
        Node::parse(response.body()).map_err(|error| Self::undecodable(call, &response, error))
    }

    /// Sends a call whose answer is read as it comes.
    pub(crate) async fn stream(&self, call: &Call) -> Result<StreamingResponse> {
        let response = self.request(call)?.send_streaming().await?;
        notice(call, response.headers());
        Ok(response)
    }

    /// Says of which call an answer is that is no JSON, such as the page of a proxy.
    pub(crate) fn undecodable(call: &Call, response: &http::Response, cause: Error) -> Error {
        let error = Error::new(ErrorKind::Decode, call.op.name)
            .with_message("answer is not valid json")
            .with_status(response.status().as_u16())
            .with_delivery(Delivery::Executed)
            .with_provider_body(response.body())
            .with_source(cause);
        match response.request_id() {
            Some(id) => error.with_request_id(id),
            None => error,
        }
    }

    fn request(&self, call: &Call) -> Result<RequestBuilder> {
        check(call)?;
        let request = self
            .shared
            .http(call.op.host)?
            .request(call.op.verb.method(), &call.target()?)
            .operation(call.op.name);
        let mut request = call.limits.of(request);
        if call.op.paging == Paging::Search {
            request = request.cost(Cost::ONE.with("search", 1));
        }
        let acting = self.acting.as_ref().filter(|_| !call.is_acting());
        if let Some(Acting { header, whom }) = acting {
            request = request.header(header, whom.as_bytes());
        }
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let is_delete_of_v2 = call.op.verb == Verb::Delete && call.op.path.starts_with("/v2/");
        request = match &call.idempotency_key {
            Some(key) => request.idempotency_key(key),
            None if is_delete_of_v2 => request.random_idempotency_key(),
            None => request,
        };
        call.fill(request)
    }
}

impl Shared {
    fn http(&self, host: Host) -> Result<&http::Client> {
        let (place, base) = match host {
            Host::Api => (&self.hosts[0], &self.config.base_url),
            Host::Files => (&self.hosts[1], &self.config.files_url),
            Host::MeterEvents => (&self.hosts[2], &self.config.meter_events_url),
            Host::Connect => (&self.hosts[3], &self.config.connect_url),
        };
        if let Some(http) = place.get() {
            return Ok(http);
        }
        let http = self.build(host, base)?;
        Ok(place.get_or_init(|| http))
    }

    fn build(&self, host: Host, base: &str) -> Result<http::Client> {
        let config = &self.config;
        let calls = config.calls_per_second();
        let quotas = match host {
            Host::Files => RateLimitConfig::from(Quota::per_second(calls.min(FILES_PER_SECOND))),
            _ => RateLimitConfig::from(Quota::per_second(calls))
                .with_quota(Quota::per_second(calls.min(SEARCHES_PER_SECOND)).of("search")),
        };
        let policies = Preset::Payments
            .policies()
            .with_timeouts(config.deadline, config.attempt_timeout)
            .with_max_attempts(config.max_attempts)
            .with_rate_limit(quotas);
        let wire = Preset::Payments.http();
        // A short attempt is not refused for a connection that may take longer.
        let connect_timeout = wire.connect_timeout.min(config.attempt_timeout);
        let builder = http::Client::standard(base)?
            .operation_prefix("stripe")
            .policies(policies)
            .http(wire.with_connect_timeout(connect_timeout))
            .automatic_idempotency_keys()
            .classify(Classifier::default())
            .credentials(Credentials::bearer(config.api_key.clone())?)
            .header("stripe-version", &config.version)?;
        (self.customize)(builder).build()
    }
}

impl Acting {
    fn new(header: &'static str, whom: &str) -> Self {
        let whom = Arc::from(whom);
        Self { header, whom }
    }
}

impl Call {
    fn value(&self, header: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(name, value)| (*name == header).then_some(value.as_str()))
    }

    fn is_acting(&self) -> bool {
        self.value("stripe-account").is_some() || self.value("stripe-context").is_some()
    }
}

/// Finds what Stripe would refuse, or worse, take for something else.
fn check(call: &Call) -> Result<()> {
    let refuse = |rule| Err(Error::new(ErrorKind::Validation, call.op.name).with_message(rule));
    match (call.value("stripe-account"), call.value("stripe-context")) {
        (Some(_), Some(_)) => return refuse("`account` and `context` exclude each other: set one"),
        (Some(""), _) | (_, Some("")) => {
            return refuse("`account` or `context` is empty: it would act for your own account");
        }
        _ => {}
    }
    let key = call.idempotency_key.as_deref();
    if key.is_some_and(|key| key.is_empty() || key.len() > MAX_KEY) {
        return refuse("`idempotency_key` must have 1 to 255 bytes");
    }
    Ok(())
}

/// Passes on what Stripe wants the developer to know.
fn notice(call: &Call, headers: &HeaderMap) {
    let notice = headers
        .get("stripe-notice")
        .and_then(|text| text.to_str().ok());
    if let Some(notice) = notice {
        tracing::warn!(operation = call.op.name, notice, "stripe sent a notice");
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("config", &self.shared.config)
            .field("acting", &self.acting)
            .finish_non_exhaustive()
    }
}
