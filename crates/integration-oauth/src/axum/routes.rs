//! How the routes are put together.

use std::{fmt, pin::Pin, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::request::Parts,
    response::{IntoResponse as _, IntoResponseParts, Response},
    routing::{get, post},
};
use integration_core::Result;

use super::{callback, login, logout};
use crate::{
    connection::ConnectionKey,
    limits::MAX_CALLBACK,
    login::{Finished, Login, ReturnTo},
    logout::{BackChannel, LogoutNotice},
    manager::OAuth,
};

pub(super) type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

type Adapt = dyn for<'a> Fn(Login<'a>, &Parts) -> Login<'a> + Send + Sync;
type OnLogin = dyn Fn(Finished, Response) -> Later<Result<Response>> + Send + Sync;
type OnLogout = dyn Fn(Parts) -> Later<Result<(Response, Option<ConnectionKey>)>> + Send + Sync;
type OnNotice = dyn Fn(LogoutNotice) -> Later<Result<()>> + Send + Sync;

/// The routes of logins, to be merged into an application.
///
/// ```no_run
/// use axum::response::AppendHeaders;
/// use integration_oauth::{OAuth, axum::LoginRoutes};
///
/// # fn example(oauth: OAuth) -> axum::Router {
/// let routes = LoginRoutes::new(oauth).on_login(|login| async move {
///     // Begin a session of your own for `login.connection.key.account()`.
///     let session = format!("session={}; Secure; HttpOnly; SameSite=Lax", "..");
///     Ok(AppendHeaders([("set-cookie", session)]))
/// });
/// axum::Router::new().merge(routes.router())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct LoginRoutes {
    pub(super) inner: Arc<Inner>,
}

#[derive(Clone)]
pub(super) struct Inner {
    pub(super) oauth: OAuth,
    pub(super) allowed: ReturnTo,
    pub(super) adapt: Option<Arc<Adapt>>,
    pub(super) on_login: Option<Arc<OnLogin>>,
    pub(super) on_logout: Option<Arc<OnLogout>>,
    pub(super) logged_out_uri: Option<String>,
    pub(super) notices: Option<(Arc<BackChannel>, Arc<OnNotice>)>,
}

impl LoginRoutes {
    /// Creates the routes, which log in and keep the tokens, and know no session yet.
    pub fn new(oauth: OAuth) -> Self {
        Self {
            inner: Arc::new(Inner {
                oauth,
                allowed: ReturnTo::new(),
                adapt: None,
                on_login: None,
                on_logout: None,
                logged_out_uri: None,
                notices: None,
            }),
        }
    }

    /// Allows `return_to` to lead to other sites as well. Default: to paths of this one.
    pub fn allow_return_to(self, allowed: ReturnTo) -> Self {
        self.with(|inner| inner.allowed = allowed)
    }

    /// Sets what a login asks for, by the request that begins it: its tenant, its scopes.
    pub fn adapt(
        self,
        adapt: impl for<'a> Fn(Login<'a>, &Parts) -> Login<'a> + Send + Sync + 'static,
    ) -> Self {
        self.with(|inner| inner.adapt = Some(Arc::new(adapt)))
    }

    /// Begins a session of the application: what is returned, such as cookies, goes out with the
    /// redirect to `return_to`.
    ///
    /// Give the session a new id here, whatever the browser had before.
    pub fn on_login<F, P>(self, hook: impl Fn(Finished) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<P>> + Send + 'static,
        P: IntoResponseParts,
    {
        let hook = move |login: Finished, redirect: Response| -> Later<Result<Response>> {
            let parts = hook(login);
            Box::pin(async move { Ok((parts.await?, redirect).into_response()) })
        };
        self.with(|inner| inner.on_login = Some(Arc::new(hook)))
    }

    /// Ends a session of the application: what is returned, such as cookies that are cleared, goes
    /// out with the redirect. With the connection of the session its ID token tells the provider
    /// who leaves.
    pub fn on_logout<F, P>(self, hook: impl Fn(Parts) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(P, Option<ConnectionKey>)>> + Send + 'static,
        P: IntoResponseParts,
    {
        let hook = move |parts: Parts| -> Later<Result<(Response, Option<ConnectionKey>)>> {
            let ended = hook(parts);
            Box::pin(async move {
                let (parts, key) = ended.await?;
                Ok(((parts, ()).into_response(), key))
            })
        };
        self.with(|inner| inner.on_logout = Some(Arc::new(hook)))
    }

    /// Sets the address of `/logged-out` as it is registered with the providers. Without it the
    /// browser stays at the provider after a logout there.
    pub fn logged_out_uri(self, address: impl Into<String>) -> Self {
        let address = address.into();
        self.with(|inner| inner.logged_out_uri = Some(address))
    }

    /// Takes logouts that providers post. The hook ends the sessions that the notice names.
    pub fn on_backchannel<F>(
        self,
        channel: BackChannel,
        hook: impl Fn(LogoutNotice) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let hook = move |notice| -> Later<Result<()>> { Box::pin(hook(notice)) };
        self.with(|inner| inner.notices = Some((Arc::new(channel), Arc::new(hook))))
    }

    /// Makes the routes. What an application adds to its own state does not matter to them.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let mut router = Router::new()
            .route("/login/{provider}", get(login::begin))
            .route(
                "/callback/{provider}",
                get(callback::query).post(callback::form),
            );
        if self.inner.on_logout.is_some() {
            router = router
                .route("/logout", post(logout::leave))
                .route("/logged-out", get(logout::come_back));
        }
        if self.inner.notices.is_some() {
            router = router.route("/backchannel-logout/{provider}", post(logout::receive));
        }
        router
            .layer(DefaultBodyLimit::max(MAX_CALLBACK))
            .with_state(self)
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.inner));
        self
    }
}

impl fmt::Debug for LoginRoutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginRoutes")
            .field("oauth", &self.inner.oauth)
            .field("allowed", &self.inner.allowed)
            .finish_non_exhaustive()
    }
}
