//! `GET /login/{provider}`.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, Response, header, request::Parts},
};
use integration_core::Result;

use super::{
    answer::{failed, page_response, redirect, set_cookie},
    routes::LoginRoutes,
};
use crate::{
    limits::MAX_LOGIN_COOKIES,
    login::{BrowserCookie, Page},
};

pub(super) async fn begin(
    State(routes): State<LoginRoutes>,
    Path(provider): Path<String>,
    parts: Parts,
) -> Response<Body> {
    if routes.inner.oauth.remote(&provider).is_err() {
        return page_response(Page::NOT_FOUND);
    }
    match started(&routes, provider, &parts).await {
        Ok(response) => response,
        Err(error) => failed(&error),
    }
}

async fn started(routes: &LoginRoutes, provider: String, parts: &Parts) -> Result<Response<Body>> {
    let inner = &routes.inner;
    let mut login = inner.oauth.login(provider);
    login = login.allow_return_to(inner.allowed.clone());
    if let Some(address) = return_to(parts.uri.query()) {
        login = login.return_to(address);
    }
    if let Some(adapt) = &inner.adapt {
        login = adapt(login, parts);
    }
    let begun = login.begin().await?;
    let mut response = redirect(begun.url.as_str());
    if let Some(cookie) = &begun.cookie {
        for old in stale(&parts.headers) {
            set_cookie(&mut response, &BrowserCookie::remove(&old));
        }
        set_cookie(&mut response, &cookie.set_cookie());
    }
    Ok(response)
}

fn return_to(query: Option<&str>) -> Option<String> {
    let mut fields = form_urlencoded::parse(query?.as_bytes());
    let (_, address) = fields.find(|(name, _)| name == "return_to")?;
    Some(address.into_owned())
}

/// Cookies of logins that nobody finished: a browser that has many gives them all back, before the
/// head of its requests grows too long.
fn stale(headers: &HeaderMap) -> Vec<String> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let texts = cookies.filter_map(|value| value.to_str().ok());
    let names = texts.flat_map(BrowserCookie::find).map(|(name, _)| name);
    let names: Vec<_> = names.map(str::to_owned).collect();
    match names.len() >= MAX_LOGIN_COOKIES / 2 {
        true => names,
        false => Vec::new(),
    }
}
