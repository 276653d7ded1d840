//! A layer that adds the token of a connection to requests.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, Method, Request, Response, header::AUTHORIZATION};
use integration_core::{Error, ErrorKind, credentials::Rejection};
use tower_layer::Layer;
use tower_service::Service;
use url::Url;

use super::{blame::blames_token, bound::Proofs};
use crate::{
    dpop,
    manager::{AccessToken, Tokens},
};

/// Adds the token of a connection to requests, and replays one that was refused because of it.
///
/// Innermost, around what sends: a retry above it gets a token of its own. A request whose body is
/// [`Clone`] is replayed once, and once more where only a proof of `DPoP` lacked its nonce; give it a body that clones cheaply, such as `Full<Bytes>`.
///
/// ```
/// use integration_oauth::{OAuth, Result, bearer::BearerLayer, connection::ConnectionKey};
///
/// fn layer(oauth: &OAuth, key: &ConnectionKey) -> Result<BearerLayer> {
///     Ok(BearerLayer::new(oauth.tokens(key)?))
/// }
/// ```
#[derive(Clone)]
pub struct BearerLayer {
    shared: Arc<Shared>,
}

struct Shared {
    tokens: Tokens,
    proofs: Proofs,
}

impl BearerLayer {
    /// Adds these tokens.
    #[must_use]
    pub fn new(tokens: Tokens) -> Self {
        let proofs = Proofs::default();
        Self {
            shared: Arc::new(Shared { tokens, proofs }),
        }
    }
}

impl<S> Layer<S> for BearerLayer {
    type Service = Bearer<S>;

    fn layer(&self, inner: S) -> Bearer<S> {
        Bearer {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}

impl fmt::Debug for BearerLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BearerLayer")
            .field(&self.shared.tokens)
            .finish()
    }
}

/// Adds the token of a connection to requests. Made by [`BearerLayer`].
///
/// A token that cannot be had is an error of the service, which is made from
/// [`integration_core::Error`].
#[derive(Clone)]
pub struct Bearer<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> fmt::Debug for Bearer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bearer").field(&self.shared.tokens).finish()
    }
}

/// What a request becomes. Dropping it drops the request, and leaves a refresh alone.
pub struct ResponseFuture<R, E>(Pin<Box<dyn Future<Output = Result<R, E>> + Send>>);

impl<R, E> Future for ResponseFuture<R, E> {
    type Output = Result<R, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<R, E> fmt::Debug for ResponseFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}

impl<S, B, D> Service<Request<B>> for Bearer<S>
where
    S: Service<Request<B>, Response = Response<D>> + Clone + Send + 'static,
    S::Error: From<Error> + Send,
    S::Future: Send,
    B: Clone + Send + 'static,
    D: Send + 'static,
{
    type Response = Response<D>;
    type Error = S::Error;
    type Future = ResponseFuture<Response<D>, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that was polled ready takes the request; a clone may not be ready.
        let fresh = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, fresh);
        let shared = Arc::clone(&self.shared);
        ResponseFuture(Box::pin(send(shared, inner, request)))
    }
}

async fn send<S, B, D>(
    shared: Arc<Shared>,
    mut inner: S,
    mut request: Request<B>,
) -> Result<Response<D>, S::Error>
where
    S: Service<Request<B>, Response = Response<D>>,
    S::Error: From<Error>,
    B: Clone,
{
    let url = address(&request);
    let mut is_signed_again = false;
    let mut is_renewed = false;
    loop {
        let token = shared.authorize(&mut request, url.as_ref()).await?;
        let copy = copy_of(&request);
        let answer = inner.call(request).await?;
        match shared.judge(&token, url.as_ref(), &answer, is_renewed) {
            Rejection::TryAgain => is_renewed = true,
            Rejection::SignAgain if !is_signed_again => is_signed_again = true,
            _ => return Ok(answer),
        }
        drop(answer);
        request = copy;
        std::future::poll_fn(|cx| inner.poll_ready(cx)).await?;
    }
}

impl Shared {
    async fn authorize<B>(
        &self,
        request: &mut Request<B>,
        url: Option<&Url>,
    ) -> Result<AccessToken, Error> {
        let token = self.tokens.get().await?;
        let method = request.method().clone();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, token.header().clone());
        if token.is_bound() {
            self.prove(&token, &method, url, headers)?;
        }
        Ok(token)
    }

    fn prove(
        &self,
        token: &AccessToken,
        method: &Method,
        url: Option<&Url>,
        headers: &mut HeaderMap,
    ) -> Result<(), Error> {
        let url = url.ok_or_else(|| {
            Error::new(ErrorKind::Config, dpop::OPERATION)
                .with_message("a proof is for a whole address: the request has none")
        })?;
        self.proofs
            .sign(token, self.tokens.clock(), method, url, headers)
    }

    fn judge<D>(
        &self,
        token: &AccessToken,
        url: Option<&Url>,
        answer: &Response<D>,
        is_renewed: bool,
    ) -> Rejection {
        let (status, headers) = (answer.status(), answer.headers());
        if let Some(url) = url.filter(|_| token.is_bound()) {
            self.proofs.learn(url, headers);
        }
        if is_renewed {
            return Rejection::Final;
        }
        if token.is_bound() && dpop::wants_nonce(status, headers) {
            return Rejection::SignAgain;
        }
        match blames_token(self.tokens.challenge(), status, headers) {
            true => self.tokens.refused(token.version()),
            false => Rejection::Final,
        }
    }
}

fn address<B>(request: &Request<B>) -> Option<Url> {
    Url::parse(&request.uri().to_string()).ok()
}

fn copy_of<B: Clone>(request: &Request<B>) -> Request<B> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    copy
}
