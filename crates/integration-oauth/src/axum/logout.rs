//! `POST /logout`, `GET /logged-out` and `POST /backchannel-logout/{provider}`.

use axum::{
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header, request::Parts},
};
use integration_core::Result;

use super::{
    answer::{failed, page_response, redirect},
    routes::LoginRoutes,
};
use crate::login::Page;

const HOME: &str = "/";

const FOREIGN: Page = Page {
    status: 403,
    title: "You are still logged in",
    text: "The request came from another site.",
};

pub(super) async fn leave(State(routes): State<LoginRoutes>, parts: Parts) -> Response<Body> {
    if is_cross_site(&parts.headers) {
        return page_response(FOREIGN);
    }
    match left(&routes, parts).await {
        Ok(response) => response,
        Err(error) => failed(&error),
    }
}

async fn left(routes: &LoginRoutes, parts: Parts) -> Result<Response<Body>> {
    let inner = &routes.inner;
    let Some(hook) = &inner.on_logout else {
        return Ok(page_response(Page::NOT_FOUND));
    };
    let (ended, key) = hook(parts).await?;
    let mut address = HOME.to_owned();
    if let Some(key) = key {
        let mut logout = inner.oauth.logout(&key);
        if let Some(uri) = &inner.logged_out_uri {
            logout = logout.redirect_uri(uri);
        }
        // The session here has ended; a provider that cannot be reached must not bring it back.
        match logout.begin().await {
            Ok(Some(url)) => address = url.into(),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a session lives on at the provider"),
        }
    }
    let mut response = redirect(&address);
    for (name, value) in ended.headers() {
        response.headers_mut().append(name, value.clone());
    }
    Ok(response)
}

pub(super) async fn come_back(
    State(routes): State<LoginRoutes>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    // Without a state of ours nothing happens but a redirect to our own start.
    let query = query.unwrap_or_default();
    match routes.inner.oauth.logged_out(&query).await {
        Ok(address) => redirect(address.as_deref().unwrap_or(HOME)),
        Err(error) => failed(&error),
    }
}

pub(super) async fn receive(
    State(routes): State<LoginRoutes>,
    Path(provider): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let Some((channel, hook)) = &routes.inner.notices else {
        return page_response(Page::NOT_FOUND);
    };
    let status = match channel.receive(&provider, &body).await {
        Err(rejection) => {
            tracing::warn!(%rejection, "a logout was refused");
            StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::BAD_REQUEST)
        }
        Ok(notice) => match hook(notice.clone()).await {
            Ok(()) => StatusCode::OK,
            Err(error) => {
                channel.forget(&notice);
                tracing::error!(%error, "a logout was not carried out");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        },
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

/// What another site makes a browser send. Browsers that do not say keep cookies that are `Lax` to
/// themselves.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    site.is_some_and(|site| site != "same-origin" && site != "same-site" && site != "none")
}
