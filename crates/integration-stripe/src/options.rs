//! What may be said of one call beside its parameters, and ways to send it.

use std::time::Duration;

use integration_core::{
    Result,
    http::{RequestBuilder, Response, StreamingResponse},
};

use crate::{Client, Node, Params, Req, View, op::Op, op::Verb};

/// Bounds of one call, in the place of those of the client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    deadline: Option<Duration>,
    attempt_timeout: Option<Duration>,
    max_attempts: Option<u32>,
}

impl Limits {
    pub(crate) fn of(self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(deadline) = self.deadline {
            request = request.deadline(deadline);
        }
        if let Some(timeout) = self.attempt_timeout {
            request = request.attempt_timeout(timeout);
        }
        if let Some(attempts) = self.max_attempts {
            request = request.max_attempts(attempts);
        }
        request
    }
}

impl<T> Req<T> {
    /// Sets the time for the whole call, waits included; above 0. Default: that of the client.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.call.limits.deadline = Some(deadline);
        self
    }

    /// Sets the time for one attempt; above 0. Default: that of the client.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.call.limits.attempt_timeout = Some(timeout);
        self
    }

    /// Sets the attempts, the first included; 1 to 100. Default: that of the client.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.call.limits.max_attempts = Some(attempts);
        self
    }

    /// Sends the call, and leaves the answer to be read as it comes: for files, such as the PDF of
    /// a quote. The deadline goes on until the last byte.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_streaming(self) -> Result<StreamingResponse> {
        self.client.stream(&self.call).await
    }
}

impl<T: View> Req<T> {
    /// Sends the call, and returns its answer with headers, status, request id and attempts.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_response(self) -> Result<(T, Response)> {
        let response = self.client.execute(&self.call).await?;
        let node = Node::parse(response.body())
            .map_err(|error| Client::undecodable(&self.call, &response, error))?;
        Ok((T::from_node(node), response))
    }
}

impl Client {
    /// Calls any path, such as one that this version does not know, with all that other calls have.
    ///
    /// Below `/v2/` parameters of a `POST` are sent as JSON, else as a form. The answer is read as
    /// any view; [`Node`] takes all.
    ///
    /// ```no_run
    /// # async fn run(client: integration_stripe::Client) -> integration_stripe::Result<()> {
    /// use integration_stripe::{Node, Params, op::Verb};
    ///
    /// let params = Params::new().with("limit", 3);
    /// let list = client.raw::<Node>(Verb::Get, "/v1/customers", params).send().await?;
    /// # drop(list);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`send`](Req::send) refuses what is no path of the API: its key would go elsewhere.
    pub fn raw<T>(&self, verb: Verb, path: impl Into<String>, params: Params) -> Req<T> {
        // How a list goes on is told from its parameters and its answer.
        const V1: [Op; 3] = [
            Op::list("stripe.raw.get", "/v1"),
            Op::post("stripe.raw.post", "/v1"),
            Op::delete("stripe.raw.delete", "/v1"),
        ];
        const V2: [Op; 3] = [
            Op::list("stripe.raw.get", "/v2/"),
            Op::post("stripe.raw.post", "/v2/"),
            Op::delete("stripe.raw.delete", "/v2/"),
        ];
        const SEARCH: Op = Op::search("stripe.raw.search", "/v1");
        let path = path.into();
        let ops = if path.starts_with("/v2/") { V2 } else { V1 };
        let is_search = path
            .split('?')
            .next()
            .is_some_and(|path| path.ends_with("/search"));
        let op = match verb {
            Verb::Get if is_search => SEARCH,
            Verb::Get => ops[0],
            Verb::Post => ops[1],
            Verb::Delete => ops[2],
        };
        let mut req = Req::new(self, op, &[], params);
        req.call.path = below_api(&op, path);
        req
    }
}

/// Refuses what is no path below `/v1/` or `/v2/`, and what leaves it again.
pub(crate) fn below_api(op: &Op, path: String) -> Result<String> {
    let plain = path.split(['?', '#']).next().unwrap_or_default();
    let is_below = plain.starts_with("/v1/") || plain.starts_with("/v2/");
    let leaves = |part: &str| matches!(part, "" | "." | "..");
    let mut parts = plain.split('/').skip(1);
    if is_below && !path.contains(['#', '\\']) && !parts.any(leaves) {
        return Ok(path);
    }
    Err(
        integration_core::Error::new(crate::ErrorKind::Validation, op.name)
            .with_message("path must begin with `/v1/` or `/v2/` and have no empty part"),
    )
}
