//! Which routes an event takes, and in which order with others.

use std::sync::Arc;

use integration_core::{Error, ErrorKind, Result};
use integration_events::{NewDelivery, limits::MAX_NAME_BYTES};
use integration_webhooks::JsonPointer;

use crate::config::RouteConfig;

/// The routes of one source.
#[derive(Debug)]
pub(crate) struct Routing(Vec<Way>);

#[derive(Debug)]
struct Way {
    route: Arc<str>,
    /// Types it takes; all if there is none.
    events: Vec<Glob>,
    order_by: Option<JsonPointer>,
    max_attempts: u16,
}

/// A pattern in which `*` stands for any text.
#[derive(Debug)]
struct Glob {
    first: String,
    /// What follows each `*`; none for a pattern without one.
    rest: Vec<String>,
}

impl Routing {
    /// Picks the routes of a source.
    pub(crate) fn new(source: &str, routes: &[RouteConfig]) -> Result<Self> {
        let of_source = routes.iter().filter(|route| *route.source == *source);
        of_source.map(Way::new).collect::<Result<_>>().map(Self)
    }

    /// Says where an event goes. Without a type it goes where all types go.
    pub(crate) fn deliveries(&self, event_type: Option<&str>, body: &[u8]) -> Vec<NewDelivery> {
        let ways = self.0.iter().filter(|way| way.takes(event_type));
        ways.map(|way| way.delivery(body)).collect()
    }
}

impl Way {
    fn new(route: &RouteConfig) -> Result<Self> {
        let pointer = route.order_by.as_deref().map(JsonPointer::parse);
        let order_by = pointer.transpose().map_err(|rule| {
            Error::new(ErrorKind::Config, "gateway.routes")
                .with_message(rule)
                .with_context("route", &*route.name)
        })?;
        Ok(Self {
            route: route.name.clone(),
            events: route.events.iter().map(|event| Glob::new(event)).collect(),
            order_by,
            max_attempts: route.max_attempts,
        })
    }

    fn takes(&self, event_type: Option<&str>) -> bool {
        let event_type = event_type.unwrap_or_default();
        self.events.is_empty() || self.events.iter().any(|glob| glob.fits(event_type))
    }

    /// An event that has nothing at the pointer, or something too long for a key, is in no order.
    fn delivery(&self, body: &[u8]) -> NewDelivery {
        let key = self.order_by.as_ref().and_then(|at| at.find(body));
        NewDelivery {
            route: self.route.clone(),
            order_key: key
                .filter(|key| key.len() <= MAX_NAME_BYTES)
                .map(std::borrow::Cow::into_owned),
            max_attempts: self.max_attempts,
        }
    }
}

impl Glob {
    fn new(pattern: &str) -> Self {
        let mut parts = pattern.split('*').map(str::to_owned);
        Self {
            first: parts.next().unwrap_or_default(),
            rest: parts.collect(),
        }
    }

    fn fits(&self, text: &str) -> bool {
        let Some(mut text) = text.strip_prefix(self.first.as_str()) else {
            return false;
        };
        let Some((last, middle)) = self.rest.split_last() else {
            return text.is_empty();
        };
        // The leftmost place is as good as any for all but the last part.
        for part in middle {
            let Some((_, after)) = text.split_once(part.as_str()) else {
                return false;
            };
            text = after;
        }
        text.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, fits) in [
            ("invoice.paid", "invoice.paid", true),
            ("invoice.paid", "invoice.paid.late", false),
            ("invoice.paid", "an.invoice.paid", false),
            ("payment_intent.*", "payment_intent.succeeded", true),
            ("payment_intent.*", "payment_intent.", true),
            ("payment_intent.*", "payment_intents.", false),
            ("*.paid", "invoice.paid", true),
            ("*.paid", "invoice.paid.late", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("**", "anything", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(Glob::new(pattern).fits(text), fits, "{pattern} {text}");
        }
    }

    fn routing(events: &[&str], order_by: Option<&str>) -> Routing {
        let url = "http://127.0.0.1:9".parse().unwrap();
        let mut route = RouteConfig::new("r", "s", url);
        route.events = events.iter().map(|&event| event.to_owned()).collect();
        route.order_by = order_by.map(str::to_owned);
        let other = RouteConfig::new("o", "another", "http://127.0.0.1:9".parse().unwrap());
        Routing::new("s", &[route, other]).unwrap()
    }

    #[test]
    fn an_event_takes_the_routes_of_its_source_and_type() {
        let all = routing(&[], None);
        assert_eq!(all.deliveries(Some("a"), b"").len(), 1);
        assert_eq!(all.deliveries(None, b"\xff").len(), 1);
        let some = routing(&["a.*", "b"], None);
        assert_eq!(some.deliveries(Some("a.b"), b"").len(), 1);
        assert_eq!(some.deliveries(Some("b"), b"").len(), 1);
        assert!(some.deliveries(Some("c"), b"").is_empty());
        assert!(some.deliveries(None, b"").is_empty());
    }

    #[test]
    fn a_key_is_a_string_or_a_whole_number_of_the_body() {
        let routing = routing(&[], Some("/a/b"));
        let long = format!(r#"{{"a":{{"b":"{}"}}}}"#, "x".repeat(MAX_NAME_BYTES + 1));
        let longest = "x".repeat(MAX_NAME_BYTES);
        let fits = format!(r#"{{"a":{{"b":"{longest}"}}}}"#);
        for (body, key) in [
            (r#"{"a":{"b":"k"}}"#, Some("k")),
            (r#"{"a":{"b":7}}"#, Some("7")),
            (r#"{"a":{"b":null}}"#, None),
            (r#"{"a":1}"#, None),
            ("not json", None),
            (&long, None),
            (&fits, Some(longest.as_str())),
        ] {
            let deliveries = routing.deliveries(None, body.as_bytes());
            assert_eq!(deliveries[0].order_key.as_deref(), key);
        }
    }
}
