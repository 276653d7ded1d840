//! A keep-alive HTTP/1.1 connection, as a webhook sender has one.

use std::{error::Error, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, header::HOST};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use crate::sender::Post;

/// Longest wait for an answer; what a patient sender allows.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// Largest answer read.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// Returns whether the sender may forget the event.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Why there is no answer: refused, reset, too slow.
pub type NoAnswer = Box<dyn Error + Send + Sync>;

/// A connection that is opened when needed and again after a failure.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// Creates a client for a server; connects with the first request.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            open: None,
        }
    }

    /// Posts a webhook.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] where the connection failed or the answer took more than 15 s; the server may
    /// have taken the event all the same.
    pub async fn post(&mut self, post: &Post) -> Result<Answer, NoAnswer> {
        let mut request = Request::new(Full::new(post.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = post.path.parse::<Uri>()?;
        request.headers_mut().extend(post.headers.iter().cloned());
        self.send(request).await
    }

    /// Gets a path.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`], as for [`post`](Self::post).
    pub async fn get(&mut self, path: &str) -> Result<Answer, NoAnswer> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = path.parse::<Uri>()?;
        self.send(request).await
    }

    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Result<Answer, NoAnswer> {
        request
            .headers_mut()
            .insert(HOST, self.address.to_string().parse()?);
        let answered = timeout(ANSWER_WITHIN, self.exchange(request)).await;
        let answer = answered.unwrap_or_else(|late| Err(late.into()));
        if answer.is_err() {
            self.open = None;
        }
        answer
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, NoAnswer> {
        let mut sender = match self.open.take() {
            Some(open) if !open.is_closed() => open,
            _ => connect(self.address).await?,
        };
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
        self.open = Some(sender);
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        })
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, NoAnswer> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}
