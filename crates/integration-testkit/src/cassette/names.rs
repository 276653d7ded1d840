//! Names of fields and headers, and what they say of their values.

/// In the name of a field, without signs and in small letters.
const TELLING: [&str; 18] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "bearer",
    "credential",
    "cookie",
    "session",
    "signature",
    "assertion",
    "verifier",
    "email",
];

/// Whole names, which as a part of others say nothing.
const EXACT: [&str; 14] = [
    "auth", "key", "jwt", "otp", "pin", "pwd", "cvc", "cvv", "pan", "iban", "ssn", "phone",
    "username", "dob",
];

/// Besides these, in a form: `code` is an error in JSON and a credential in OAuth.
const EXACT_IN_FORM: &str = "code";

/// Headers whose value is harmless.
const HARMLESS: [&str; 20] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "age",
    "allow",
    "cache-control",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "etag",
    "expires",
    "last-modified",
    "request-id",
    "retry-after",
    "transfer-encoding",
    "user-agent",
    "vary",
    "x-request-id",
];

/// What headers of quotas begin with.
const QUOTAS: [&str; 3] = ["ratelimit", "x-ratelimit-", "x-rate-limit-"];

/// Where a field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Json,
    Form,
}

/// What was said about names beside the lists above.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) hidden_fields: Vec<String>,
    pub(super) fields: Vec<String>,
    pub(super) queries: Vec<String>,
    pub(super) headers: Vec<String>,
}

impl Names {
    pub(super) fn hides_field(&self, name: &str, place: Place) -> bool {
        let whole = plain(name);
        if self.hidden_fields.contains(&whole) {
            return true;
        }
        if self.fields.contains(&whole) {
            return false;
        }
        // Of `card[number]` and `user.email` the last part.
        let mut parts = name.split(['[', ']', '.']);
        let last = plain(parts.rfind(|part| !part.is_empty()).unwrap_or(name));
        TELLING.iter().any(|part| whole.contains(part))
            || EXACT.contains(&last.as_str())
            || self.hidden_fields.contains(&last)
            || (place == Place::Form && last == EXACT_IN_FORM)
    }

    pub(super) fn hides_query(&self, name: &str) -> bool {
        !self.queries.iter().any(|allowed| allowed == name)
    }

    /// `name` is in small letters, as a `HeaderName` is.
    pub(super) fn hides_header(&self, name: &str) -> bool {
        let is_quota = QUOTAS.iter().any(|start| name.starts_with(start));
        let is_allowed = self.headers.iter().any(|allowed| allowed == name);
        !(HARMLESS.contains(&name) || is_quota || is_allowed)
    }
}

/// `apiKey`, `api_key` and `API-Key` are one name.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
