//! The configuration as TOML again, with defaults filled in and secrets by name.

use std::fmt::{Display, Write};

use integration_core::redact;
use integration_webhooks::{HmacAlgorithm, HmacEncoding, HmacScheme, Scheme};
use toml::Value;

use super::{
    model::{Commit, Config, RouteConfig, SourceConfig},
    section::join,
};

impl Config {
    /// Returns every value there is, as TOML that could be loaded again, each with a note where it
    /// came from unless it is from the file. Secrets stay `env:NAME` and `file:PATH`; an address
    /// loses its query.
    #[must_use]
    pub fn resolved_toml(&self) -> String {
        let mut text = Resolved {
            config: self,
            text: String::new(),
        };
        text.top();
        for source in &self.sources {
            text.source(source);
        }
        for route in &self.routes {
            text.route(route);
        }
        text.text
    }
}

struct Resolved<'a> {
    config: &'a Config,
    text: String,
}

impl Resolved<'_> {
    fn top(&mut self) {
        let Config {
            limits,
            store,
            delivery,
            retention,
            ..
        } = self.config;
        self.quoted("", "listen", self.config.listen);
        self.quoted("", "admin_listen", self.config.admin_listen);
        self.secret("", "admin_token");
        self.quoted("", "data_dir", self.config.data_dir.display());
        self.quoted("", "log", self.config.log);
        self.line("", "max_body_bytes", limits.body_bytes);
        self.line("", "max_header_bytes", limits.header_bytes);
        self.line("", "max_connections", limits.connections);
        self.line("", "head_timeout_ms", limits.head_timeout.as_millis());
        self.line("", "body_timeout_ms", limits.body_timeout.as_millis());
        self.line("", "queue_limit", store.queue_limit);
        if let Some(bytes) = store.max_bytes {
            self.line("", "max_store_bytes", bytes);
        }
        self.line("", "max_in_flight", delivery.max_in_flight);
        self.line("", "lease_ms", delivery.lease.as_millis());
        self.line("", "shutdown_grace_ms", delivery.shutdown_grace.as_millis());
        self.line("", "retention_done_s", retention.policy.done.as_secs());
        self.line("", "retention_dead_s", retention.policy.dead.as_secs());
        self.line("", "retention_keys_s", retention.policy.keys.as_secs());
        self.line("", "retention_every_s", retention.every.as_secs());
        self.text.push_str("\n[store]\n");
        self.quoted(
            "store",
            "commit",
            match store.commit {
                Commit::Group => "group",
                Commit::Event => "event",
            },
        );
        let is_full = store.is_synchronous_full;
        self.quoted(
            "store",
            "synchronous",
            if is_full { "full" } else { "normal" },
        );
    }

    fn source(&mut self, source: &SourceConfig) {
        let path = format!("sources.{}", source.name);
        self.head(&format!("[sources.{}]", bare(&source.name)));
        self.quoted(&path, "scheme", source.scheme.name());
        self.secrets(&path);
        self.line(&path, "tolerance_s", source.tolerance.as_secs());
        if let Scheme::Hmac(hmac) = &source.scheme {
            self.head(&format!("[sources.{}.hmac]", bare(&source.name)));
            self.hmac(&format!("{path}.hmac"), hmac);
        }
    }

    fn hmac(&mut self, path: &str, hmac: &HmacScheme) {
        self.quoted(path, "header", &hmac.header);
        self.quoted(path, "prefix", &hmac.prefix);
        self.quoted(
            path,
            "algorithm",
            match hmac.algorithm {
                HmacAlgorithm::Sha1 => "sha1",
                HmacAlgorithm::Sha512 => "sha512",
                _ => "sha256",
            },
        );
        self.quoted(
            path,
            "encoding",
            match hmac.encoding {
                HmacEncoding::Base64 => "base64",
                _ => "hex",
            },
        );
        self.quoted(path, "content", &hmac.content);
        for (key, value) in [
            ("timestamp_header", &hmac.timestamp_header),
            ("id_header", &hmac.id_header),
            ("id_pointer", &hmac.id_pointer),
            ("type_header", &hmac.type_header),
            ("type_pointer", &hmac.type_pointer),
        ] {
            if let Some(value) = value {
                self.quoted(path, key, value);
            }
        }
    }

    fn route(&mut self, route: &RouteConfig) {
        let path = format!("routes.{}", route.name);
        self.head("[[routes]]");
        self.quoted(&path, "name", &route.name);
        self.quoted(&path, "source", &route.source);
        let events = route.events.iter().cloned().map(Value::String);
        self.line(&path, "events", Value::Array(events.collect()));
        self.quoted(&path, "url", redact::url(route.url.as_str()));
        self.secret(&path, "secret");
        if let Some(pointer) = &route.order_by {
            self.quoted(&path, "order_by", pointer);
        }
        self.line(&path, "max_attempts", route.max_attempts);
        self.line(&path, "timeout_ms", route.timeout.as_millis());
        self.line(&path, "max_in_flight", route.max_in_flight);
        self.line(&path, "backoff_base_ms", route.backoff_base.as_millis());
        self.line(&path, "backoff_cap_ms", route.backoff_cap.as_millis());
    }
}

impl Resolved<'_> {
    fn head(&mut self, head: &str) {
        self.text.push('\n');
        self.text.push_str(head);
        self.text.push('\n');
    }

    fn line(&mut self, path: &str, key: &str, value: impl Display) {
        let note = match self.config.origins.note(&join(path, key)) {
            Some(note) => format!("  # {note}"),
            None => String::new(),
        };
        // Writing into a String cannot fail.
        let _ = writeln!(self.text, "{key} = {value}{note}");
    }

    fn quoted(&mut self, path: &str, key: &str, value: impl Display) {
        self.line(path, key, Value::String(value.to_string()));
    }

    /// Writes what a secret is called, if there is one.
    fn secret(&mut self, path: &str, key: &str) {
        let names = self.config.origins.secrets(&join(path, key));
        if let Some(name) = names.first().cloned() {
            self.line(path, key, name);
        }
    }

    fn secrets(&mut self, path: &str) {
        let names = self.config.origins.secrets(&join(path, "secrets"));
        let list = format!("[{}]", names.join(", "));
        self.line(path, "secrets", list);
    }
}

/// Quotes a name with a full stop, which would be two names in the head of a table.
fn bare(name: &str) -> String {
    if name.contains('.') {
        return format!("\"{name}\"");
    }
    name.to_owned()
}
