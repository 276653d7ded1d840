//! Destinations: `[[routes]]`.

use std::sync::Arc;

use integration_core::Result;
use integration_webhooks::{Scheme, sign::Signer};
use toml::{Table, Value};
use url::Url;

use super::{
    keys,
    model::{RouteConfig, SourceConfig},
    nearest::{nearest, shown},
    origin::Origins,
    section::{Section, fault},
    source::{SecretReader, check_name},
};

/// Routes at most.
pub const MAX_ROUTES: usize = 256;

/// Bytes of a pattern of event types at most.
const MAX_PATTERN: usize = 256;

/// Steps of a JSON pointer at most.
const MAX_STEPS: usize = 16;

const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Reads every route.
pub(super) fn routes(
    top: &Section<'_>,
    origins: &Origins,
    reader: &mut SecretReader<'_>,
    sources: &[SourceConfig],
) -> Result<Vec<RouteConfig>> {
    let list = match top.value("routes") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(other) => return Err(top.not("routes", other, "a list of tables, [[routes]]")),
    };
    if list.len() > MAX_ROUTES {
        let rule = format!("must have at most {MAX_ROUTES} entries");
        return Err(top.fault("routes", rule));
    }
    let mut routes: Vec<RouteConfig> = Vec::new();
    for (number, value) in list.iter().enumerate() {
        let Value::Table(table) = value else {
            return Err(top.not("routes", value, "a list of tables, [[routes]]"));
        };
        let path = path(number, table);
        let section = Section::new(table, &path, keys::ROUTE, origins)?;
        let route = route(&section, reader, sources)?;
        if routes.iter().any(|other| other.name == route.name) {
            let message = format!(
                "two routes are named `{}`; each needs a name of its own",
                route.name
            );
            return Err(fault(origins, message));
        }
        routes.push(route);
    }
    Ok(routes)
}

/// A route's path has its name, or its place from 1 as long as that is unknown.
fn path(number: usize, table: &Table) -> String {
    let name = table.get("name").and_then(Value::as_str);
    let name = name.filter(|name| check_name(name).is_ok());
    name.map_or_else(
        || format!("routes[{}]", number + 1),
        |name| format!("routes.{name}"),
    )
}

fn route(
    section: &Section<'_>,
    reader: &mut SecretReader<'_>,
    sources: &[SourceConfig],
) -> Result<RouteConfig> {
    let name = section.text("name")?;
    let name = name.ok_or_else(|| section.missing("name", "name = \"billing\""))?;
    check_name(name).map_err(|rule| section.fault("name", rule))?;
    let mut route = RouteConfig::new(name, source_of(section, sources)?, url(section)?);
    if let Some(events) = events(section)? {
        route.events = events;
    }
    route.secret = reader.one(section, "secret")?;
    if let Some(secret) = &route.secret {
        let usable = Signer::new(&Scheme::StandardWebhooks, secret);
        usable.map_err(|error| {
            section.fault("secret", format_args!("cannot sign: {}", error.message()))
        })?;
    }
    route.order_by = order_by(section)?;
    section.count("max_attempts", 1..=1000, &mut route.max_attempts)?;
    section.millis("timeout_ms", 1..=15 * 60 * 1000, &mut route.timeout)?;
    section.count("max_in_flight", 1..=1024, &mut route.max_in_flight)?;
    section.millis("backoff_base_ms", 1..=WEEK_MS, &mut route.backoff_base)?;
    section.millis("backoff_cap_ms", 1..=WEEK_MS, &mut route.backoff_cap)?;
    if route.backoff_cap < route.backoff_base {
        return Err(section.fault("backoff_cap_ms", "must be at least backoff_base_ms"));
    }
    Ok(route)
}

fn source_of(section: &Section<'_>, sources: &[SourceConfig]) -> Result<Arc<str>> {
    let wanted = section.text("source")?;
    let wanted = wanted.ok_or_else(|| section.missing("source", "source = \"stripe\""))?;
    let found = sources.iter().find(|source| &*source.name == wanted);
    found.map(|source| source.name.clone()).ok_or_else(|| {
        let known = sources.iter().map(|source| &*source.name);
        let hint = nearest(wanted, known).map_or_else(
            || "there is no [sources.NAME]".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        section.fault(
            "source",
            format_args!("names the unknown source {}, {hint}", shown(wanted)),
        )
    })
}

fn url(section: &Section<'_>) -> Result<Url> {
    let rule = "an address such as \"https://example.com/hooks\"";
    let missing = || section.missing("url", "url = \"https://example.com/hooks\"");
    let url: Url = section.parsed("url", rule)?.ok_or_else(missing)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(section.fault("url", "must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(section.fault(
            "url",
            "must hold no user or password; destinations verify the signature, set \
             secret = \"env:NAME\"",
        ));
    }
    if url.fragment().is_some() {
        return Err(section.fault("url", "must have no #fragment, which is never sent"));
    }
    Ok(url)
}

fn events(section: &Section<'_>) -> Result<Option<Vec<String>>> {
    let Some(list) = section.list("events")? else {
        return Ok(None);
    };
    let mut events = Vec::new();
    for entry in &list {
        let Value::String(pattern) = entry else {
            return Err(section.not("events", entry, "a list of texts such as \"invoice.*\""));
        };
        let is_plain =
            |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '[' | ']' | '{' | '}' | '\\');
        if pattern.is_empty() || pattern.len() > MAX_PATTERN || !pattern.chars().all(is_plain) {
            let rule = format!(
                "must be types of events of 1 to {MAX_PATTERN} visible ASCII characters, with `*` \
                 for any text and no other wildcard; {} is not",
                shown(pattern)
            );
            return Err(section.fault("events", rule));
        }
        events.push(pattern.clone());
    }
    Ok(Some(events))
}

fn order_by(section: &Section<'_>) -> Result<Option<String>> {
    let Some(pointer) = section.text("order_by")? else {
        return Ok(None);
    };
    let steps = pointer.split('/').count() - 1;
    let escapes = pointer.matches("~0").count() + pointer.matches("~1").count();
    let is_right =
        pointer.starts_with('/') && steps <= MAX_STEPS && pointer.matches('~').count() == escapes;
    if !is_right {
        let rule = format!(
            "must be a JSON pointer of 1 to {MAX_STEPS} steps such as \"/data/object/customer\", \
             with `~` written `~0` and `/` in a name written `~1`"
        );
        return Err(section.fault("order_by", rule));
    }
    Ok(Some(pointer.to_owned()))
}
