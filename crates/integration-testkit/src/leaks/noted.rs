//! The secrets of a run.

use std::{
    collections::HashSet,
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{
    HeaderMap,
    header::{AUTHORIZATION, COOKIE, LOCATION, SET_COOKIE},
};
use serde_json::{Value, json};

use super::notes;

/// Fields whose values nobody else may see, in a form, a query, an answer or a redirect.
const FIELDS: [&str; 18] = [
    "access_token",
    "actor_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    // The private half of a key as a JWK.
    "d",
    "device_code",
    "id_token",
    "id_token_hint",
    "logout_token",
    "nonce",
    "refresh_token",
    "registration_access_token",
    "state",
    "subject_token",
    "token",
];

/// Fields of answers that mean something else there: an error has a `code` too.
const NOT_IN_JSON: [&str; 2] = ["code", "state"];

/// Bytes of a secret that is looked for: shorter ones are words of any sentence.
pub(super) const MIN_SECRET: usize = 12;

/// Secrets of one process that are kept apart.
const MAX_NOTED: usize = 1 << 20;

/// The secrets that this process has noted.
pub(super) struct Notes(Mutex<Kept>);

struct Kept {
    file: File,
    seen: HashSet<String>,
}

impl Notes {
    #[expect(clippy::expect_used, reason = "a search for nothing must not pass")]
    pub(super) fn new(folder: &Path) -> Self {
        let path = folder.join(format!("noted-{}", std::process::id()));
        let file = File::create(path).expect("the notes can be made");
        let seen = HashSet::new();
        Self(Mutex::new(Kept { file, seen }))
    }

    fn add(&self, name: &str, secret: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if secret.len() < MIN_SECRET || kept.seen.len() >= MAX_NOTED {
            return;
        }
        if kept.seen.insert(secret.to_owned()) {
            let line = json!([name, secret]).to_string() + "\n";
            // What could not be written is missed by the report's counts.
            let _ = kept.file.write_all(line.as_bytes());
        }
    }
}

/// Notes a secret under a name of its kind, in a process that is watched. Secrets of less than 12
/// bytes are left out.
pub fn note(name: &str, secret: &str) {
    if let Some(notes) = notes() {
        notes.add(name, secret);
    }
}

/// Notes the secrets of a request: of its query, its headers and its body.
pub fn note_request(target: &str, headers: &HeaderMap, body: &[u8]) {
    if let Some(notes) = notes() {
        of_request(target, headers, body, &mut |name, secret| {
            notes.add(name, secret)
        });
    }
}

/// Notes the secrets of an answer.
pub fn note_answer(headers: &HeaderMap, body: &[u8]) {
    if let Some(notes) = notes() {
        of_answer(headers, body, &mut |name, secret| notes.add(name, secret));
    }
}

/// Takes a secret and the name of its kind.
type Take<'a> = &'a mut dyn FnMut(&str, &str);

pub(super) fn of_request(target: &str, headers: &HeaderMap, body: &[u8], take: Take<'_>) {
    of_query(target, take);
    of_body(body, take);
    for value in texts(headers, AUTHORIZATION.as_str()) {
        let (scheme, value) = value.split_once(' ').unwrap_or(("", value));
        take("authorization", value);
        if scheme.eq_ignore_ascii_case("basic") {
            of_password(value, take);
        }
    }
    for value in texts(headers, COOKIE.as_str()) {
        value.split("; ").for_each(|pair| of_cookie(pair, take));
    }
    texts(headers, "dpop").for_each(|value| take("dpop", value));
}

pub(super) fn of_answer(headers: &HeaderMap, body: &[u8], take: Take<'_>) {
    of_body(body, take);
    texts(headers, LOCATION.as_str()).for_each(|address| of_query(address, take));
    for value in texts(headers, SET_COOKIE.as_str()) {
        of_cookie(value.split(';').next().unwrap_or_default(), take);
    }
}

fn texts<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let values = headers.get_all(name).iter();
    values.filter_map(|value| value.to_str().ok())
}

fn of_query(address: &str, take: Take<'_>) {
    if let Some((_, query)) = address.split_once(['?', '#']) {
        of_form(query.as_bytes(), take);
    }
}

fn of_body(body: &[u8], take: Take<'_>) {
    match serde_json::from_slice(body) {
        Ok(value) => of_members(&value, take),
        Err(_) => of_form(body, take),
    }
}

fn of_form(form: &[u8], take: Take<'_>) {
    for (name, value) in form_urlencoded::parse(form) {
        if FIELDS.contains(&&*name) {
            take(&name, &value);
        }
    }
}

fn of_members(value: &Value, take: Take<'_>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.as_str();
                let is_secret = FIELDS.contains(&name) && !NOT_IN_JSON.contains(&name);
                match value {
                    Value::String(text) if is_secret => take(name, text),
                    value => of_members(value, take),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| of_members(value, take)),
        _ => {}
    }
}

fn of_cookie(pair: &str, take: Take<'_>) {
    if let Some((_, value)) = pair.split_once('=') {
        take("cookie", value);
    }
}

/// The secret of a client, as it is and as it is sent.
fn of_password(basic: &str, take: Take<'_>) {
    let pair = STANDARD.decode(basic).ok();
    let pair = pair.and_then(|pair| String::from_utf8(pair).ok());
    if let Some((_, password)) = pair.as_deref().and_then(|pair| pair.split_once(':')) {
        take("client_secret", password);
        for (decoded, _) in form_urlencoded::parse(password.as_bytes()) {
            take("client_secret", &decoded);
        }
    }
}
