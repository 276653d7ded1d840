//! What a client is refused with.

use serde_json::{Value, json};

use super::request::Request;

/// An error of Stripe.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) error: Value,
}

pub(super) type Result<T = Value> = std::result::Result<T, Refusal>;

impl Refusal {
    pub(super) fn new(status: u16, error: Value) -> Self {
        Self { status, error }
    }

    fn invalid(status: u16, code: &str, message: String) -> Self {
        let error = json!({
            "type": "invalid_request_error",
            "code": code,
            "message": message,
            "doc_url": format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")),
        });
        Self::new(status, error)
    }

    pub(super) fn param(code: &str, name: &str, rule: &str) -> Self {
        let mut refusal = Self::invalid(400, code, format!("{name} {rule}"));
        refusal.error["param"] = json!(name);
        refusal
    }

    pub(super) fn missing(kind: &str, id: &str) -> Self {
        let mut refusal = Self::invalid(404, "resource_missing", format!("No such {kind}: '{id}'"));
        refusal.error["param"] = json!("id");
        refusal
    }

    pub(super) fn state(code: &str, message: &str) -> Self {
        Self::invalid(400, code, message.to_owned())
    }

    /// A card that is declined outside of a payment.
    pub(super) fn card(code: &str, decline: &str) -> Self {
        let mut error = json!({
            "type": "card_error",
            "code": code,
            "message": "Your card was declined.",
            "doc_url": format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")),
        });
        if !decline.is_empty() {
            error["decline_code"] = json!(decline);
            error["advice_code"] = json!("try_again_later");
        }
        Self::new(402, error)
    }

    pub(super) fn unknown_path(request: &Request) -> Self {
        let path = request.path.join("/");
        let message = format!(
            "this fake does not know {} /{}/{path}",
            request.method, request.version
        );
        Self::invalid(404, "url_invalid", message)
    }

    pub(super) fn unauthorized() -> Self {
        let message = "no secret key was sent".to_owned();
        let mut refusal = Self::invalid(401, "api_key_missing", message);
        refusal.error["code"] = Value::Null;
        refusal
    }

    pub(super) fn no_access(account: &str) -> Self {
        let message =
            format!("The key has no access to account '{account}', or there is no such account");
        Self::invalid(403, "account_invalid", message)
    }

    pub(super) fn mismatch() -> Self {
        let message = "Keys for idempotent requests can only be used with the same parameters";
        Self::new(
            400,
            json!({"type": "idempotency_error", "message": message}),
        )
    }

    pub(super) fn in_use() -> Self {
        let message = "another request with this idempotency key is under way";
        let error = json!({
            "type": "idempotency_error",
            "code": "idempotency_key_in_use",
            "message": message,
        });
        Self::new(409, error)
    }
}
