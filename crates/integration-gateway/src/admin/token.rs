//! Who may look, where a token is asked for.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use integration_core::ExposeSecret as _;
use subtle::ConstantTimeEq as _;

use super::Admin;

/// Lets through whoever has the token; everybody, where none is configured.
pub(super) async fn check(
    State(admin): State<Arc<Admin>>,
    request: Request,
    next: Next,
) -> Response {
    let is_allowed = admin.token.as_ref().is_none_or(|token| {
        let given = bearer(request.headers()).unwrap_or_default();
        bool::from(given.ct_eq(token.expose_secret().as_bytes()))
    });
    if is_allowed {
        return next.run(request).await;
    }
    let ask = [(header::WWW_AUTHENTICATE, "Bearer")];
    let text = "send `authorization: Bearer TOKEN`, the admin_token of the configuration\n";
    (StatusCode::UNAUTHORIZED, ask, text).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}
