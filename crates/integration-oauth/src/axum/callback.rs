//! `GET` and `POST /callback/{provider}`.

use axum::{
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Response, header},
};
use integration_core::Result;

use super::{
    answer::{failed, redirect, set_cookie},
    routes::LoginRoutes,
};
use crate::login::{BrowserCookie, Callback};

/// Where a browser goes whose login did not say.
const HOME: &str = "/";

pub(super) async fn query(
    State(routes): State<LoginRoutes>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let callback = Callback::query(&query.unwrap_or_default());
    finish(&routes, provider, callback, &headers).await
}

pub(super) async fn form(
    State(routes): State<LoginRoutes>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    finish(&routes, provider, Callback::form(&body), &headers).await
}

async fn finish(
    routes: &LoginRoutes,
    provider: String,
    callback: Result<Callback>,
    headers: &HeaderMap,
) -> Response<Body> {
    match finished(routes, provider, callback, headers).await {
        Ok(response) => response,
        Err(error) => failed(&error),
    }
}

async fn finished(
    routes: &LoginRoutes,
    provider: String,
    callback: Result<Callback>,
    headers: &HeaderMap,
) -> Result<Response<Body>> {
    let mut callback = callback?.at(provider);
    for cookies in headers.get_all(header::COOKIE) {
        callback = callback.cookies(cookies.to_str().unwrap_or_default());
    }
    let login = routes.inner.oauth.finish(callback).await?;
    let used = login.cookie.clone();
    let mut response = redirect(login.return_to.as_deref().unwrap_or(HOME));
    if let Some(hook) = &routes.inner.on_login {
        response = hook(login, response).await?;
    }
    if let Some(name) = used {
        set_cookie(&mut response, &BrowserCookie::remove(&name));
    }
    Ok(response)
}
