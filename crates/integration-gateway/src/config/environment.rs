//! The environment, read once, and what of it overrides the file.

use std::{collections::BTreeMap, fmt};

use integration_core::{Error, Result};
use toml::{Table, Value};

use super::{
    keys,
    nearest::nearest,
    origin::{Origin, Origins},
    section::{fault, join},
};

/// What every variable of ours begins with.
pub const PREFIX: &str = "INTEGRATION_GATEWAY__";

/// The variables a configuration may refer to; `Debug` shows their number only.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the environment of this process; what is not UTF-8 counts as not set.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// Returns a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the overrides: what follows the prefix, and the value; empty ones are not set.
    pub(super) fn overrides(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?, value.as_str())))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let pairs = variables.into_iter().map(|(n, v)| (n.into(), v.into()));
        Self(pairs.collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Environment").field(&self.0.len()).finish()
    }
}

/// Puts what the environment says over what the file says.
pub(super) fn overlay(
    environment: &Environment,
    file: &mut Table,
    origins: &mut Origins,
) -> Result<()> {
    refuse_single(environment, origins)?;
    for (rest, value) in environment.overrides() {
        let variable = Variable { rest, origins };
        let (table, path) = variable.place(file)?;
        table.insert(
            path.rsplit('.').next().unwrap_or_default().to_owned(),
            Value::String(value.to_owned()),
        );
        origins.set(&path, Origin::Variable(format!("{PREFIX}{rest}")));
    }
    Ok(())
}

/// Refuses `INTEGRATION_GATEWAY_LISTEN`, which would else be passed over without a word.
fn refuse_single(environment: &Environment, origins: &Origins) -> Result<()> {
    let single = PREFIX.trim_end_matches('_');
    let is_key = |name: &str| {
        let rest = name.strip_prefix(single)?.strip_prefix('_')?;
        let mut keys = keys::TOP.iter();
        keys.any(|key| key.to_uppercase() == rest)
            .then(|| rest.to_owned())
    };
    let found = environment.0.keys().find_map(|name| is_key(name));
    found.map_or(Ok(()), |key| {
        let message = format!("unknown variable {single}_{key}, did you mean {PREFIX}{key}?");
        Err(fault(origins, message))
    })
}

/// One variable of ours, without the prefix.
struct Variable<'a> {
    rest: &'a str,
    origins: &'a Origins,
}

impl Variable<'_> {
    /// Finds the table it sets a key of, made if it is not there, and the key's whole path.
    fn place<'t>(&self, file: &'t mut Table) -> Result<(&'t mut Table, String)> {
        let parts: Vec<&str> = self.rest.split("__").collect();
        let (table, before, key, path, known) = match parts.as_slice() {
            [key] => (file, String::new(), key, String::new(), keys::TOP),
            ["STORE", key] => {
                let store = self.table(file, "store")?;
                (
                    store,
                    "STORE__".to_owned(),
                    key,
                    "store".to_owned(),
                    keys::STORE,
                )
            }
            ["SOURCES", name, rest @ ..] if !name.is_empty() => {
                let sources = self.table(file, "sources")?;
                let known_as = self.one(name, sources.keys().map(String::as_str))?;
                let (source, path) = (self.table(sources, &known_as)?, join("sources", &known_as));
                match rest {
                    ["HMAC", key] => {
                        let hmac = self.table(source, "hmac")?;
                        (
                            hmac,
                            format!("SOURCES__{name}__HMAC__"),
                            key,
                            join(&path, "hmac"),
                            keys::HMAC,
                        )
                    }
                    [key] => (
                        source,
                        format!("SOURCES__{name}__"),
                        key,
                        path,
                        keys::SOURCE,
                    ),
                    _ => return Err(self.unknown("SOURCES__NAME__", keys::SOURCE)),
                }
            }
            ["ROUTES", name, key] if !name.is_empty() => {
                let (route, known_as) = self.route(file, name)?;
                let path = join("routes", &known_as);
                (route, format!("ROUTES__{name}__"), key, path, keys::ROUTE)
            }
            ["ROUTES", _, ..] => return Err(self.unknown("ROUTES__NAME__", keys::ROUTE)),
            _ => return Err(self.unknown("", keys::TOP)),
        };
        let key = known.iter().find(|known| known.to_uppercase() == **key);
        let key = key.ok_or_else(|| self.unknown(&before, known))?;
        Ok((table, join(&path, key)))
    }

    /// Returns a table below another, made if it is not there.
    fn table<'t>(&self, above: &'t mut Table, key: &str) -> Result<&'t mut Table> {
        let entry = above.entry(key);
        let value = entry.or_insert_with(|| Value::Table(Table::new()));
        value
            .as_table_mut()
            .ok_or_else(|| fault(self.origins, format!("`{key}` must be a table")))
    }

    /// Returns the route of this name, made if it is not there, and the name in the file.
    fn route<'t>(&self, file: &'t mut Table, name: &str) -> Result<(&'t mut Table, String)> {
        let routes = file.entry("routes");
        let routes = routes.or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(routes) = routes else {
            return Err(fault(self.origins, "`routes` must be a list of tables"));
        };
        let names = routes
            .iter()
            .filter_map(|route| route.get("name")?.as_str());
        let known_as = self.one(name, names)?;
        let is_it = |route: &Value| route.get("name").and_then(Value::as_str) == Some(&known_as);
        let at = routes.iter().position(is_it).unwrap_or_else(|| {
            let made = Table::from_iter([("name".to_owned(), Value::String(known_as.clone()))]);
            routes.push(Value::Table(made));
            routes.len() - 1
        });
        let route = routes.get_mut(at).and_then(Value::as_table_mut);
        let route =
            route.ok_or_else(|| fault(self.origins, "`routes` must be a list of tables"))?;
        Ok((route, known_as))
    }

    /// Finds the name that a part of a variable stands for; a new one is the part in lower case.
    fn one<'n>(&self, part: &str, names: impl Iterator<Item = &'n str>) -> Result<String> {
        let mut fitting = names.filter(|name| as_part(name) == part);
        match (fitting.next(), fitting.next()) {
            (Some(name), None) => Ok(name.to_owned()),
            (None, _) => Ok(part.to_lowercase()),
            (Some(one), Some(other)) => {
                let message = format!("{PREFIX}{} fits both `{one}` and `{other}`", self.rest);
                Err(fault(self.origins, message))
            }
        }
    }

    fn unknown(&self, before: &str, known: &[&str]) -> Error {
        let whole: Vec<String> = known
            .iter()
            .filter(|key| !keys::TABLES.contains(key))
            .map(|key| format!("{before}{}", key.to_uppercase()))
            .collect();
        let wanted = nearest(self.rest, whole.iter().map(String::as_str)).unwrap_or_default();
        let message = format!(
            "unknown variable {PREFIX}{}, did you mean {PREFIX}{wanted}?",
            self.rest
        );
        fault(self.origins, message)
    }
}

/// Returns a name as it stands in a variable: `my-shop` is `MY_SHOP`.
fn as_part(name: &str) -> String {
    name.to_uppercase().replace(['-', '.'], "_")
}
