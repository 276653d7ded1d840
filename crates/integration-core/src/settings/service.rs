//! The settings of one service, joined with its preset and checked.

use std::fmt;

use super::{
    field::{Field, Values},
    given::Origin,
    section::{Section, fault, refused},
    table::{FIELDS, place_of},
};
use crate::{
    config::process_env,
    credentials::SecretSource,
    error::{Error, Result},
    http::HttpConfig,
    resilience::{Config, Preset},
};

/// What one service is called with: the preset, the file and the environment, checked together.
///
/// `Display` writes it as TOML, every value with where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceSettings {
    name: String,
    values: Values,
    section: Section,
}

impl ServiceSettings {
    /// Joins what was said with a preset, of which the section may name another.
    pub(super) fn new(name: &str, section: Section, preset: Preset) -> Result<Self> {
        let mut values = Values::of(named_preset(name, &section, preset)?);
        for (place, entry) in &section.entries {
            let Some(field) = FIELDS.get(*place) else {
                continue;
            };
            let done = (field.read)(&mut values, &entry.given);
            let done = done.unwrap_or_else(|| {
                Err("belongs to another `adaptive.algorithm` than the one that is set".to_owned())
            });
            let path = format!("{name}.{}", field.path);
            done.map_err(|rule| fault(&path, &rule, &entry.origin))?;
        }
        let mut settings = Self {
            name: name.to_owned(),
            values,
            section,
        };
        let policies = settings.values.policies.clone();
        let policies = policies.validate().map_err(|e| settings.explain(&e))?;
        let http = settings.values.http.clone();
        settings.values.http = http.validate(&policies).map_err(|e| settings.explain(&e))?;
        settings.values.policies = policies;
        Ok(settings)
    }

    /// Returns the name of the service.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the preset that the values began with.
    #[must_use]
    pub const fn preset(&self) -> Preset {
        self.values.preset
    }

    /// Returns the address of the service, if one was given.
    #[must_use]
    pub fn base(&self) -> Option<&str> {
        self.values.base.as_deref()
    }

    /// Returns the configuration of the policies.
    #[must_use]
    pub const fn policies(&self) -> &Config {
        &self.values.policies
    }

    /// Returns what concerns connections and bodies.
    #[must_use]
    pub const fn http(&self) -> &HttpConfig {
        &self.values.http
    }

    /// Reads the secret that the settings name, if they name one.
    ///
    /// One of a variable holds for good, one of a file is read again when it may have changed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the variable is not set or the file
    /// cannot be read; it names the place and holds nothing of the secret.
    pub fn secret(&self) -> Result<Option<SecretSource>> {
        self.secret_from(process_env)
    }

    /// Does what [`secret`](Self::secret) does, with variables from `lookup`.
    ///
    /// # Errors
    ///
    /// As [`secret`](Self::secret).
    pub fn secret_from(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<SecretSource>> {
        let Some(secret) = &self.values.secret else {
            return Ok(None);
        };
        let source = secret.source(lookup)?;
        source.map(Some).map_err(|variable| {
            let rule = format!("names {variable}, which is not set");
            let path = format!("{}.secret", self.name);
            let origin = place_of("secret").map_or(Origin::Default, |at| self.origin(at));
            fault(&path, &rule, &origin)
        })
    }

    #[cfg(test)]
    pub(super) const fn values(&self) -> &Values {
        &self.values
    }

    /// Says of an error of a configuration which settings it is about, and where they came from.
    fn explain(&self, error: &Error) -> Error {
        let field = error.context().find(|(key, _)| *key == "field");
        let Some(place) = field.and_then(|(_, field)| locate(field, "")) else {
            return refused(format!("`{}`: {}", self.name, error.message()));
        };
        let message = error.message();
        let rule = message.split_once("` ").map_or(message, |(_, rule)| rule);
        let path = FIELDS.get(place).map_or("", |field| field.path);
        let named = rule.split('`').skip(1).step_by(2);
        let others = named.filter_map(|word| locate(word, path));
        let mut places: Vec<_> = std::iter::once(place).chain(others).collect();
        places.dedup();
        let shown: Vec<_> = places.iter().filter_map(|at| self.said(*at)).collect();
        let rule = format!("{rule}; {}", shown.join(", "));
        fault(&format!("{}.{path}", self.name), &rule, &Origin::Default)
    }

    /// Says what a setting is, and where that came from.
    fn said(&self, place: usize) -> Option<String> {
        let field = FIELDS.get(place)?;
        let value = (field.show)(&mut self.values.clone())?;
        Some(format!(
            "`{}` is {value} ({})",
            field.path,
            self.origin(place)
        ))
    }

    fn origin(&self, place: usize) -> Origin {
        if let Some(entry) = self.section.entries.get(&place) {
            return entry.origin.clone();
        }
        let shown = |preset| {
            FIELDS
                .get(place)
                .and_then(|f| (f.show)(&mut Values::of(preset)))
        };
        let preset = shown(self.values.preset);
        if preset.is_none() || preset == shown(Preset::Standard) {
            Origin::Default
        } else {
            Origin::Preset(self.values.preset)
        }
    }
}

fn named_preset(name: &str, section: &Section, preset: Preset) -> Result<Preset> {
    let mut values = Values::of(preset);
    let place = place_of("preset").unwrap_or_default();
    let (Some(field), Some(entry)) = (FIELDS.get(place), section.entries.get(&place)) else {
        return Ok(preset);
    };
    match (field.read)(&mut values, &entry.given) {
        Some(Err(rule)) => Err(fault(&format!("{name}.preset"), &rule, &entry.origin)),
        _ => Ok(values.preset),
    }
}

/// Returns the setting that a configuration calls `field`, seen from the setting at `beside`.
fn locate(field: &str, beside: &str) -> Option<usize> {
    let section = beside.rsplit_once('.').map_or("", |(section, _)| section);
    let (first, last) = match field.split_once('.') {
        Some((first, _)) => (first, field.rsplit('.').next().unwrap_or(field)),
        None => ("", field),
    };
    let ends = |path: &str, end: &str| path.strip_suffix(end).is_some_and(|p| p.ends_with('.'));
    let below = |f: &Field| f.path.starts_with(first) && ends(f.path, last);
    place_of(&format!("{section}.{field}"))
        .or_else(|| place_of(field))
        .or_else(|| FIELDS.iter().position(|f| ends(f.path, field)))
        .or_else(|| FIELDS.iter().position(below))
        .or_else(|| {
            FIELDS
                .iter()
                .rposition(|f| !first.is_empty() && f.is_below(first))
        })
}

impl fmt::Display for ServiceSettings {
    /// Writes TOML that reads the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[{}]", self.name)?;
        let mut values = self.values.clone();
        for (place, field) in FIELDS.iter().enumerate() {
            let Some(value) = (field.show)(&mut values) else {
                continue;
            };
            // What is in a section switches it on.
            if field.is_switch && value == "true" {
                continue;
            }
            let line = format!("{} = {value}", field.path);
            writeln!(f, "{line:<56} # {}", self.origin(place))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, locate};

    #[test]
    fn names_of_configurations_are_found_in_the_table() {
        let rows = [
            ("deadline", "", "deadline"),
            ("max_attempts", "", "retry.max_attempts"),
            ("hint_cap", "", "retry.hint_cap"),
            ("connect_timeout", "", "http.connect_timeout"),
            ("backoff.cap", "", "retry.backoff.cap"),
            (
                "adaptive.backoff_percent",
                "",
                "adaptive.aimd.backoff_percent",
            ),
            ("adaptive.headroom", "", "adaptive.gradient2.headroom"),
            ("rate_limit.permits", "", "rate_limit.quotas"),
            ("min", "adaptive.max", "adaptive.min"),
            (
                "window",
                "circuit_breaker.min_throughput",
                "circuit_breaker.window",
            ),
            ("deadline", "bulkhead.max_wait", "deadline"),
            ("attempt_timeout", "http.connect_timeout", "attempt_timeout"),
        ];
        for (name, beside, path) in rows {
            let found = locate(name, beside).map(|place| FIELDS[place].path);
            assert_eq!(found, Some(path), "{name}");
        }
    }
}
