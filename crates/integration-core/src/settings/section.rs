//! What was said about one service, before it is joined with a preset.

use std::collections::BTreeMap;

use super::{
    field::{Field, Values},
    given::{Entry, Given, Origin},
    nearest::{nearest_path, shown},
    table::{FIELDS, place_of},
};
use crate::{
    error::{Error, ErrorKind, Result},
    resilience::Preset,
};

/// What the names of our variables begin with.
pub(super) const PREFIX: &str = "INTEGRATION__";

/// Between the levels of a name.
const LEVEL: &str = "__";

/// The values of one service, by the place of their field in the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Section {
    pub(super) entries: BTreeMap<usize, Entry>,
}

/// Refuses something that was said at `origin`.
pub(super) fn fault(path: &str, rule: &str, origin: &Origin) -> Error {
    let message = match origin {
        Origin::Variable(name) => format!("{name} {rule} (`{path}`)"),
        Origin::File(..) => format!("`{path}` {rule} ({origin})"),
        Origin::Default | Origin::Preset(_) => format!("`{path}` {rule}"),
    };
    refused(message).with_context("field", path)
}

/// Refuses something, in words.
pub(super) fn refused(message: String) -> Error {
    Error::new(ErrorKind::Config, "settings").with_message(message)
}

/// Returns how a service is called in the name of a variable.
pub(super) fn env_name(service: &str) -> String {
    service.to_uppercase().replace('-', "_")
}

impl Section {
    pub(super) fn set(&mut self, place: usize, given: Given, origin: Origin) {
        self.entries.insert(place, Entry { given, origin });
    }

    /// Puts over it what a variable says; `rest` is its name behind that of the service.
    pub(super) fn overlay(
        &mut self,
        service: &str,
        rest: &str,
        name: &str,
        value: &str,
    ) -> Result<()> {
        let path = rest.to_lowercase().replace(LEVEL, ".");
        let is_upper = !rest.contains(|c: char| c.is_ascii_lowercase());
        match place_of(&path).filter(|_| is_upper) {
            Some(place) => {
                let origin = Origin::Variable(name.to_owned());
                self.set(place, Given::Variable(value.to_owned()), origin);
                Ok(())
            }
            None => Err(unknown_variable(service, &path, name)),
        }
    }

    /// Reads every value once, to find those that cannot be right whatever the preset.
    pub(super) fn check_values(&self, service: &str) -> Result<()> {
        let mut values = Values::of(Preset::Standard);
        for (place, entry) in &self.entries {
            let read = FIELDS
                .get(*place)
                .map(|field| (field, (field.read)(&mut values, &entry.given)));
            if let Some((field, Some(Err(rule)))) = read {
                let path = format!("{service}.{}", field.path);
                return Err(fault(&path, &rule, &entry.origin));
            }
        }
        Ok(())
    }

    /// Makes sections and their switches agree: what is in a section switches it on, and a variable
    /// that switches it off wins over the file.
    pub(super) fn settle(&mut self, service: &str) -> Result<()> {
        let switches = FIELDS
            .iter()
            .enumerate()
            .filter(|(_, field)| field.is_switch);
        for (place, switch) in switches {
            self.settle_switch(service, place, switch)?;
        }
        Ok(())
    }

    fn settle_switch(&mut self, service: &str, place: usize, switch: &Field) -> Result<()> {
        let is_below = |at: &usize| FIELDS.get(*at).is_some_and(|f| f.is_below(switch.path));
        let first = self.entries.iter().find(|(at, _)| is_below(at));
        let Some((below, said)) = first.map(|(at, entry)| (*at, entry.origin.clone())) else {
            return Ok(());
        };
        let Some(entry) = self.entries.get(&place) else {
            self.set(place, Given::Flag(true), said);
            return Ok(());
        };
        let is_off = matches!(&entry.given, Given::Flag(false))
            || matches!(&entry.given, Given::Variable(text) if text.trim() == "false");
        if !is_off {
            return Ok(());
        }
        let is_variable = |entry: &Entry| matches!(entry.origin, Origin::Variable(_));
        let is_overruled = is_variable(entry)
            && !self
                .entries
                .iter()
                .any(|(at, entry)| is_below(at) && is_variable(entry));
        if is_overruled {
            self.entries.retain(|at, _| !is_below(at));
            return Ok(());
        }
        let inside = FIELDS.get(below).map_or("", |field| field.path);
        let rule = format!("is false, but `{inside}` is set: leave out one of the two");
        let path = format!("{service}.{}", switch.path);
        Err(fault(&path, &rule, &entry.origin))
    }
}

fn unknown_variable(service: &str, path: &str, name: &str) -> Error {
    let wanted = nearest_path(path, FIELDS.iter().map(|field| field.path)).unwrap_or_default();
    let wanted = wanted.to_uppercase().replace('.', LEVEL);
    let name = shown(name);
    refused(format!(
        "{name} is no setting, did you mean {PREFIX}{}{LEVEL}{wanted}?",
        env_name(service)
    ))
}

/// Returns service and rest of the name of one of our variables.
pub(super) fn split_name(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(PREFIX)?.split_once(LEVEL)
}
