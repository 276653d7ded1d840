//! Configuration from the environment. Only the `config` module of a crate reads it.

use std::{fmt, str::FromStr, time::Duration};

use secrecy::SecretString;

use crate::error::{Error, ErrorKind, Result};

/// The longest duration that a configuration may hold: 30 days.
///
/// It keeps sums of instants and durations far from overflow.
pub const MAX_DURATION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// One environment variable that a crate reads, as its documentation states it.
///
/// Every crate lists its variables in a `pub const ENV: &[EnvVar]`; what is not in the table is
/// not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvVar {
    /// The name of the variable.
    pub name: &'static str,
    /// What it sets, with unit and range, in one line.
    pub help: &'static str,
    /// What holds when it is not set.
    pub default: Option<&'static str>,
    /// Whether it must be set.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
}

/// Reads the variables of a table, and names the variable in every error.
///
/// ```
/// use integration_core::{EnvVar, config::Vars};
///
/// const TABLE: &[EnvVar] = &[EnvVar {
///     name: "DEMO_ATTEMPTS",
///     help: "attempts of a call, 1 to 10",
///     default: Some("3"),
///     required: false,
///     secret: false,
/// }];
/// let lookup = |name: &str| (name == "DEMO_ATTEMPTS").then(|| "5".to_owned());
/// let attempts: Option<u32> = Vars::new(TABLE, &lookup).parse("DEMO_ATTEMPTS")?;
/// assert_eq!(attempts, Some(5));
/// # Ok::<(), integration_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Vars<'a> {
    table: &'a [EnvVar],
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Vars<'a> {
    /// Reads the variables of `table` through `lookup`.
    pub fn new(table: &'a [EnvVar], lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { table, lookup }
    }

    /// Returns the value of a variable of the table; an empty value counts as not set.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is required and not set, or is not in the table.
    pub fn get(&self, name: &str) -> Result<Option<String>> {
        let Some(var) = self.table.iter().find(|var| var.name == name) else {
            return Err(config_error(format!(
                "{name} is not in the table of variables"
            )));
        };
        match (self.lookup)(name).filter(|value| !value.is_empty()) {
            None if var.required => Err(config_error(format!("{name} is not set"))),
            value => Ok(value),
        }
    }

    /// Returns a secret; its value is in no error.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn secret(&self, name: &str) -> Result<Option<SecretString>> {
        Ok(self.get(name)?.map(SecretString::from))
    }

    /// Returns a parsed value.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and when the value does not parse. The value is not shown.
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<Option<T>>
    where
        T::Err: fmt::Display,
    {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        match value.trim().parse() {
            Ok(parsed) => Ok(Some(parsed)),
            Err(e) => Err(config_error(format!("{name} is not valid: {e}"))),
        }
    }

    /// Returns a duration given in whole milliseconds.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and when it is longer than [`MAX_DURATION`].
    pub fn millis(&self, name: &str) -> Result<Option<Duration>> {
        let value = self.parse::<u64>(name)?.map(Duration::from_millis);
        if value.is_some_and(|value| value > MAX_DURATION) {
            return Err(config_error(format!("{name} must be at most 30 days")));
        }
        Ok(value)
    }
}

impl fmt::Debug for Vars<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vars")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

/// Reads one variable of the process. Every `from_env` hands this to its `from_vars`.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads it"
)]
#[must_use]
pub fn process_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns the variables of the process whose names begin with `prefix`.
#[cfg(feature = "settings")]
pub(crate) fn process_vars(prefix: &str) -> Result<Vec<(String, String)>> {
    std::env::vars_os()
        .filter(|(name, _)| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
        .map(|(name, value)| {
            let name = name.to_string_lossy().into_owned();
            match value.into_string() {
                Ok(value) => Ok((name, value)),
                Err(_) => Err(config_error(format!("{name} is not UTF-8"))),
            }
        })
        .collect()
}

/// A field breaks a rule.
pub(crate) fn invalid(field: &'static str, rule: &str) -> Error {
    config_error(format!("`{field}` {rule}")).with_context("field", field)
}

fn config_error(message: String) -> Error {
    Error::new(ErrorKind::Config, "config").with_message(message)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::{EnvVar, Vars};

    const TABLE: &[EnvVar] = &[
        EnvVar {
            name: "DEMO_KEY",
            help: "",
            default: None,
            required: true,
            secret: true,
        },
        EnvVar {
            name: "DEMO_MS",
            help: "",
            default: Some("1"),
            required: false,
            secret: false,
        },
    ];

    #[test]
    fn a_required_variable_that_is_not_set_is_named() {
        for unset in [None, Some(String::new())] {
            let lookup = |_: &str| unset.clone();
            let vars = Vars::new(TABLE, &lookup);
            let error = vars.secret("DEMO_KEY").unwrap_err();
            assert_eq!(error.to_string(), "config: DEMO_KEY is not set");
            assert_eq!(vars.millis("DEMO_MS").unwrap(), None);
        }
    }

    #[test]
    fn a_variable_outside_the_table_is_not_read() {
        let lookup = |_: &str| Some("x".to_owned());
        let error = Vars::new(TABLE, &lookup).get("PATH").unwrap_err();
        assert_eq!(
            error.to_string(),
            "config: PATH is not in the table of variables"
        );
    }

    #[test]
    fn values_are_read_and_mistakes_name_the_variable_and_not_the_value() {
        let rows = [
            ("250", Ok(250)),
            (" 0 ", Ok(0)),
            ("2592000000", Ok(2_592_000_000)),
            ("2592000001", Err("config: DEMO_MS must be at most 30 days")),
            (
                "-1",
                Err("config: DEMO_MS is not valid: invalid digit found in string"),
            ),
            (
                "s3cret",
                Err("config: DEMO_MS is not valid: invalid digit found in string"),
            ),
        ];
        for (value, expected) in rows {
            let lookup = |_: &str| Some(value.to_owned());
            let found = Vars::new(TABLE, &lookup).millis("DEMO_MS");
            let found = found.map(|found| found.unwrap().as_millis());
            assert_eq!(
                found.map_err(|e| e.to_string()),
                expected.map_err(str::to_owned)
            );
        }
    }

    #[test]
    fn a_secret_is_read_and_not_shown() {
        let lookup = |_: &str| Some("s3cret".to_owned());
        let secret = Vars::new(TABLE, &lookup)
            .secret("DEMO_KEY")
            .unwrap()
            .unwrap();
        assert_eq!(secret.expose_secret(), "s3cret");
        assert!(!format!("{secret:?}").contains("s3cret"));
    }
}
