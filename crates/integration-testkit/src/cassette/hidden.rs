//! Strings that must appear nowhere, in every form they may take.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use integration_core::{ExposeSecret, SecretString};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What stands where something was hidden.
pub(super) const REDACTED: &str = "[redacted]";

/// Bytes of a string that can be hidden: shorter ones are everywhere by chance.
pub(super) const MIN_HIDDEN: usize = 4;

/// What is encoded in a path.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?');

/// What is encoded by nearly everybody.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// All forms of all hidden strings, the longest first, so that none leaves a rest of another.
#[derive(Clone, Default)]
pub(super) struct Hidden {
    forms: Vec<String>,
    has_short: bool,
}

impl Hidden {
    pub(super) fn add(&mut self, secret: &SecretString) {
        let secret = secret.expose_secret();
        self.has_short |= secret.len() < MIN_HIDDEN;
        self.forms.extend(forms(secret));
        self.forms.retain(|form| form.len() >= MIN_HIDDEN);
        self.forms
            .sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.forms.dedup();
    }

    /// Whether one was too short to be hidden.
    pub(super) fn has_short(&self) -> bool {
        self.has_short
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.forms.iter().any(|form| text.contains(form.as_str()))
    }

    pub(super) fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for form in &self.forms {
            if text.contains(form.as_str()) {
                text = text.replace(form.as_str(), REDACTED);
            }
        }
        text
    }

    /// Scrubs a path segment by segment, whatever letters of it are encoded.
    pub(super) fn scrub_path(&self, path: &str) -> String {
        let segments = path.split('/').map(|segment| {
            let decoded = percent_decode_str(segment).decode_utf8_lossy();
            match self.is_in(&decoded) {
                true => self.scrub(&decoded),
                false => self.scrub(segment),
            }
        });
        segments.collect::<Vec<_>>().join("/")
    }

    pub(super) fn scrub_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for form in &self.forms {
            bytes = replace(&bytes, form.as_bytes());
        }
        bytes
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden")
    }
}

fn replace(bytes: &[u8], form: &[u8]) -> Vec<u8> {
    let mut scrubbed = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, others)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(form) {
            scrubbed.extend_from_slice(REDACTED.as_bytes());
            rest = after;
        } else {
            scrubbed.push(*first);
            rest = others;
        }
    }
    scrubbed
}

fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let mut forms = vec![secret.to_owned()];
    for set in [NON_ALPHANUMERIC, UNRESERVED, PATH] {
        let encoded = percent_encode(bytes, set).to_string();
        forms.push(lower_escapes(&encoded));
        forms.push(encoded);
    }
    forms.push(form_urlencoded::byte_serialize(bytes).collect());
    let json = serde_json::Value::from(secret).to_string();
    let json = json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'));
    let json = json.unwrap_or(secret).to_owned();
    forms.push(json.replace('/', "\\/"));
    forms.push(json);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    forms.push(hex.to_uppercase());
    forms.push(hex);
    for before in 0..3 {
        forms.push(inner_base64(&STANDARD, bytes, before));
        forms.push(inner_base64(&URL_SAFE, bytes, before));
    }
    forms
}

/// Writes the letters of `%2F` small.
fn lower_escapes(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (hex, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower.extend(["%", &hex.to_lowercase(), rest]);
    }
    lower
}

/// Returns the letters that the secret alone decides, behind so many bytes of something else.
fn inner_base64(engine: &impl Engine, secret: &[u8], before: usize) -> String {
    let padded = [&[0; 3][..before], secret].concat();
    let bits = padded.len() * 8;
    let first = (before * 8).div_ceil(6);
    let encoded = engine.encode(&padded);
    encoded.chars().take(bits / 6).skip(first).collect()
}
