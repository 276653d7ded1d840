//! The transport on reqwest.

use std::{
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll},
};

use ::http::HeaderValue;
use ::reqwest::{Client, redirect, retry};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use pin_project_lite::pin_project;
use rustls::ClientConfig;

use super::{
    body::{BodyStream, OpenBody},
    config::{HttpConfig, Proxy},
    failure,
    public::{self, PublicOnly},
    read::{self, Arrived, Pieces, Reading},
    tls,
    transport::{AttemptRequest, RawBody, RawResponse, Transport, TransportError},
};
use crate::error::{Error, ErrorKind, Result};

const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("integration-core/", env!("CARGO_PKG_VERSION")));

/// Sends through reqwest with rustls. With the feature `http2`, HTTP/2 where the server has it.
///
/// Everything of reqwest that owns time or attempts is off: its retries, its redirects, its
/// timeouts except the one for connections.
#[derive(Debug)]
pub struct ReqwestTransport {
    config: HttpConfig,
    /// Trusted beside those of the platform.
    roots: Vec<tls::Root>,
    identity: Option<tls::Identity>,
    unpacks: Unpacks,
    is_public_only: bool,
    /// Made at the first `http` request, without certificates.
    plain: OnceLock<Client>,
    /// Made at the first `https` request, or with the client if its base is `https`.
    tls: OnceLock<Client>,
}

/// Which packed answers are asked for and unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unpacks {
    Nothing,
    #[cfg(feature = "gzip")]
    Gzip,
}

impl ReqwestTransport {
    /// Creates a transport that opens no connection yet.
    #[must_use]
    pub fn new(config: HttpConfig) -> Self {
        Self::with_roots(config, Vec::new())
    }

    pub(super) fn with_roots(config: HttpConfig, roots: Vec<tls::Root>) -> Self {
        Self {
            config,
            roots,
            identity: None,
            unpacks: Unpacks::Nothing,
            is_public_only: false,
            plain: OnceLock::new(),
            tls: OnceLock::new(),
        }
    }

    pub(super) fn with_identity(mut self, identity: Option<tls::Identity>) -> Self {
        self.identity = identity;
        self
    }

    /// Asks for gzip and unpacks it; the limit of a body is on what comes out.
    #[cfg(feature = "gzip")]
    #[must_use]
    pub fn with_gzip(mut self) -> Self {
        self.unpacks = Unpacks::Gzip;
        self
    }

    /// Connects to addresses of the public internet alone, whatever a name resolves to. A proxy
    /// resolves names by itself and is not held to it.
    #[must_use]
    pub fn with_public_addresses_only(mut self) -> Self {
        self.is_public_only = true;
        self
    }

    /// Loads the certificates now, so that a broken platform is noticed at the start.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the platform has none or reqwest refuses the configuration.
    pub fn load_certificates(&self) -> Result<()> {
        self.secure().map(|_| ()).map_err(|e| {
            Error::new(ErrorKind::Config, "http.client")
                .with_message("tls could not be set up")
                .with_source(e)
        })
    }

    fn client(&self, scheme: &str) -> Result<&Client, TransportError> {
        if scheme == "https" {
            self.secure()
        } else {
            self.get_or_build(&self.plain, tls::none)
        }
    }

    fn secure(&self) -> Result<&Client, TransportError> {
        let identity = self.identity.as_ref();
        self.get_or_build(&self.tls, || tls::platform(&self.roots, identity))
    }

    /// Two first requests may both build; one client wins, the other is dropped unused.
    fn get_or_build<'a>(
        &self,
        cell: &'a OnceLock<Client>,
        tls: impl FnOnce() -> Result<ClientConfig, rustls::Error>,
    ) -> Result<&'a Client, TransportError> {
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let config = &self.config;
        // Another crate of the program may have switched these on in reqwest: it is not our promise.
        let mut builder = Client::builder()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .tls_backend_preconfigured(tls().map_err(refused)?)
            .retry(retry::never())
            .redirect(redirect::Policy::none())
            .connect_timeout(config.connect_timeout)
            .pool_max_idle_per_host(config.pool_per_host)
            .user_agent(USER_AGENT)
            .referer(false);
        if self.unpacks == Unpacks::Nothing {
            builder = builder.no_gzip();
        }
        if config.proxy == Proxy::None {
            builder = builder.no_proxy();
        }
        if self.is_public_only {
            builder = builder.dns_resolver(PublicOnly);
        }
        let client = builder.build().map_err(refused)?;
        Ok(cell.get_or_init(|| client))
    }
}

fn refused(cause: impl std::error::Error + Send + Sync + 'static) -> TransportError {
    TransportError::new(ErrorKind::Config)
        .with_message("http client could not be set up")
        .with_source(cause)
}

impl ReqwestTransport {
    async fn head(&self, request: &AttemptRequest) -> Result<::reqwest::Response, TransportError> {
        let pending = self.begin(request)?;
        pending.await.map_err(failure::from_reqwest)
    }

    /// Hands the request to reqwest. Apart from waiting, whose future would keep a place for it.
    fn begin(
        &self,
        request: &AttemptRequest,
    ) -> Result<
        impl Future<Output = Result<::reqwest::Response, ::reqwest::Error>> + use<>,
        TransportError,
    > {
        if self.is_public_only {
            public::check(&request.url)?;
        }
        let client = self.client(request.url.scheme())?;
        let mut wire = ::reqwest::Request::new(request.method.clone(), request.url.clone());
        *wire.headers_mut() = request.headers.clone();
        *wire.body_mut() = match request.body.open()? {
            OpenBody::Bytes(bytes) if bytes.is_empty() => None,
            OpenBody::Bytes(bytes) => Some(bytes.into()),
            OpenBody::Stream { length, stream } => Some(::reqwest::Body::wrap(SentBody {
                length,
                stream: Mutex::new(stream),
            })),
        };
        Ok(client.execute(wire))
    }

    /// Sends and reads to the end, without the boxes that any other transport needs.
    pub(super) async fn exchange(
        &self,
        request: &AttemptRequest,
        reading: &Reading,
    ) -> Result<Arrived, TransportError> {
        let mut response = self.head(request).await?;
        if reading.is_streamed && response.status().is_success() {
            let RawResponse {
                status,
                headers,
                body,
            } = unread(response);
            return Ok(Arrived::head(status, headers, body));
        }
        let body = read::collect(&mut response, reading).await?;
        let headers = std::mem::take(response.headers_mut());
        Ok(Arrived::whole(response.status(), headers, body))
    }
}

impl Pieces for ::reqwest::Response {
    fn announced(&self) -> u64 {
        self.content_length().unwrap_or_default()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.chunk().await.map_err(failure::from_body)
    }
}

impl Transport for ReqwestTransport {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        self.head(request).await.map(unread)
    }
}

fn unread(response: ::reqwest::Response) -> RawResponse {
    let (head, body) = ::http::Response::<::reqwest::Body>::from(response).into_parts();
    let body = RawBody::Stream(Box::pin(WireBody { inner: body }));
    RawResponse::new(head.status, head.headers, body)
}

/// A stream as reqwest takes it.
struct SentBody {
    length: Option<u64>,
    /// Never locked: reqwest wants to share what it never shares.
    stream: Mutex<BodyStream>,
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = failure::BodyFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, failure::BodyFailed>>> {
        let next = self.stream.get_mut().as_mut().poll_next(cx);
        next.map(|next| next.map(|piece| piece.map(Frame::data).map_err(failure::BodyFailed)))
    }

    fn size_hint(&self) -> SizeHint {
        self.length
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

pin_project! {
    /// A body of reqwest whose errors are ours.
    struct WireBody {
        #[pin]
        inner: ::reqwest::Body,
    }
}

impl Body for WireBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = self.project().inner.poll_frame(cx);
        frame.map(|frame| frame.map(|frame| frame.map_err(failure::from_body)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
