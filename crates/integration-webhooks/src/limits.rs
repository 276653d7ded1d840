//! Every limit of this crate by name; what lies beyond one is refused or left out.

pub use crate::{
    claim::MAX_SIGNATURES,
    event::{MAX_ID_BYTES, MAX_TYPE_BYTES},
    headers::{MAX_HEADER_BYTES, MAX_KEPT_BYTES, MAX_KEPT_HEADERS},
    key::{MAX_SECRET_BYTES, MIN_SYMMETRIC_KEY_BYTES, MIN_TEXT_SECRET_BYTES},
    pointer::MAX_POINTER_STEPS,
    schemes::{
        form::MAX_FORM_FIELDS,
        hmac::{MAX_PREFIX_BYTES, template::MAX_TEMPLATE_BYTES},
        slack::MAX_CHALLENGE_BYTES,
    },
    source::{DEFAULT_BODY_LIMIT, DEFAULT_TOLERANCE, MAX_SECRETS},
};
