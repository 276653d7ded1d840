//! From members to tokens.

use std::time::Duration;

use integration_core::SecretString;
use serde_json::{Map, Value};

use super::fields::{self, Kind};
use crate::{
    limits::{MAX_ALSO, MAX_EXTRA},
    preset::Preset,
    tokens::TokenSet,
};

/// Seconds that a token lasts when nobody says; an hour is what most do.
const GUESS: Duration = Duration::from_secs(3600);

/// What the standards say of an answer; everything else is extra.
const STANDARD: [&str; 12] = [
    "access_token",
    "expires_in",
    "id_token",
    "ok",
    "refresh_expires_in",
    "refresh_token",
    "refresh_token_expires_in",
    "scope",
    "token_type",
    "x_refresh_token_expires_in",
    "error",
    "error_description",
];

/// What is never kept beside the tokens.
const TOKENS: [&str; 3] = ["access_token", "id_token", "refresh_token"];

/// How long the refresh token lasts: Keycloak, GitHub and others, Intuit.
const REFRESH_LIFETIMES: [&str; 3] = [
    "refresh_token_expires_in",
    "refresh_expires_in",
    "x_refresh_token_expires_in",
];

/// Reads the tokens; `Err` says what is wrong with them.
pub(super) fn read(
    members: Map<String, Value>,
    preset: &Preset,
    now: Duration,
) -> Result<TokenSet, String> {
    let mut also = others(&members, preset);
    let main = match members.get("access_token") {
        Some(Value::String(token)) if !token.is_empty() => &members,
        _ => {
            let (name, nested) = nested(&members, preset, &also)
                .ok_or("answer has no `access_token`, or an empty one")?;
            also.retain(|(other, _)| *other != name);
            nested
        }
    };
    let mut set = one(main, preset, now)?;
    // One that is not fit to be sent is left out: the main token is not lost for it.
    for (name, object) in also.into_iter().take(MAX_ALSO) {
        if let Ok(further) = one(object, preset, now) {
            set.also.insert(name.to_owned(), further);
        }
    }
    set.extra = extra(members, preset);
    Ok(set)
}

/// The objects that hold further tokens: where the preset says, else wherever there is one.
fn others<'a>(
    members: &'a Map<String, Value>,
    preset: &'a Preset,
) -> Vec<(&'a str, &'a Map<String, Value>)> {
    let holds = |object: &Map<String, Value>| {
        object
            .get("access_token")
            .and_then(Value::as_str)
            .is_some_and(|token| !token.is_empty())
    };
    if preset.also.is_empty() {
        let objects = members
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_object()?)));
        return objects.filter(|(_, object)| holds(object)).collect();
    }
    let named = preset.also.iter().filter_map(|(name, pointer)| {
        let object = pointed(members, pointer)?.as_object()?;
        Some((name.as_str(), object))
    });
    named.filter(|(_, object)| holds(object)).collect()
}

/// Where the main token is when the top has none: where the preset says, else the only one there is.
fn nested<'a>(
    members: &'a Map<String, Value>,
    preset: &'a Preset,
    others: &[(&'a str, &'a Map<String, Value>)],
) -> Option<(&'a str, &'a Map<String, Value>)> {
    if let Some(pointer) = &preset.nested {
        let object = pointed(members, pointer)?.as_object()?;
        let same = others
            .iter()
            .find(|(_, other)| std::ptr::eq(*other, object));
        return Some((same.map_or("", |(name, _)| *name), object));
    }
    match others {
        [only] => Some(*only),
        _ => None,
    }
}

fn one(members: &Map<String, Value>, preset: &Preset, now: Duration) -> Result<TokenSet, String> {
    let access = fields::token(members, "access_token", Kind::Header)?;
    let access = access.ok_or("answer has no `access_token`, or an empty one")?;
    let mut set = TokenSet::new(SecretString::from(access));
    set.token_type = fields::token_type(members.get("token_type"))?;
    let owned = |token: Option<&str>| token.map(SecretString::from);
    set.refresh_token = owned(fields::token(members, "refresh_token", Kind::Body)?);
    set.id_token = owned(fields::token(members, "id_token", Kind::Header)?);
    set.scopes = fields::scopes(members.get("scope"));
    let refresh = REFRESH_LIFETIMES
        .iter()
        .find_map(|name| fields::lifetime(members.get(*name), preset.expires_in_is_ms));
    set.refresh_expires_at = refresh.map(|lifetime| now.saturating_add(lifetime));
    let said = fields::lifetime(members.get("expires_in"), preset.expires_in_is_ms);
    let (lifetime, is_guessed) = match (said, preset.expires_in_s) {
        (Some(said), _) => (Some(said), false),
        (None, Some(0)) => (None, false),
        (None, Some(seconds)) => (Some(Duration::from_secs(seconds)), false),
        (None, None) => (Some(GUESS), true),
    };
    set.expires_at = lifetime.map(|lifetime| now.saturating_add(lifetime));
    set.is_expiry_guessed = is_guessed;
    Ok(set)
}

/// What else the answer says, without tokens. Of an answer that says too much, only what the preset
/// wants.
fn extra(mut extra: Map<String, Value>, preset: &Preset) -> Map<String, Value> {
    extra.retain(|name, _| !STANDARD.contains(&name.as_str()));
    extra.values_mut().for_each(remove_tokens);
    let size =
        |extra: &Map<String, Value>| serde_json::to_string(extra).map_or(0, |json| json.len());
    if size(&extra) > MAX_EXTRA {
        extra.retain(|name, _| preset.keep.contains(name));
    }
    if size(&extra) > MAX_EXTRA {
        extra.clear();
    }
    extra
}

/// An object that holds tokens keeps the rest, such as the id of its user, however deep it lies.
fn remove_tokens(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !TOKENS.contains(&name.as_str()));
            object.values_mut().for_each(remove_tokens);
        }
        Value::Array(list) => list.iter_mut().for_each(remove_tokens),
        _ => {}
    }
}

/// What a JSON pointer points at.
fn pointed<'a>(members: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    let path = pointer.strip_prefix('/')?;
    let (first, rest) = path
        .split_once('/')
        .map_or((path, None), |(first, rest)| (first, Some(rest)));
    let value = members.get(&first.replace("~1", "/").replace("~0", "~"))?;
    match rest {
        Some(rest) => value.pointer(&format!("/{rest}")),
        None => Some(value),
    }
}
