//! A file and the environment over it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::File,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use super::{
    ServiceSettings,
    nearest::nearest,
    read,
    section::{PREFIX, Section, env_name, refused, split_name},
};
use crate::{config::process_vars, error::Result, resilience::Preset};

/// The settings of all services: a file, and the environment over it. See the [module](super).
///
/// `Display` writes every service as TOML, resolved, each value with where it came from. A service
/// that names no preset is shown over `standard`, as only the program knows another.
#[derive(Clone, Default)]
pub struct Settings {
    sections: BTreeMap<String, Section>,
    /// Ours alone, by name.
    variables: BTreeMap<String, String>,
}

impl Settings {
    /// Bytes of a file at most: 1 MiB.
    pub const MAX_BYTES: u64 = 1024 * 1024;

    /// Reads a file, and the environment of the process over it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the file cannot be read or is larger
    /// than [`MAX_BYTES`](Self::MAX_BYTES), and as [`from_toml`](Self::from_toml) and
    /// [`with_env`](Self::with_env), with the file, the line, the setting and the rule.
    pub fn load(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let text = read_file(path).map_err(|e| refused(format!("{name} cannot be read: {e}")))?;
        Self::parse(&text, &name)?.with_env(process_vars(PREFIX)?)
    }

    /// Reads a text, without the environment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when it is not TOML, has a key that is no
    /// setting (the nearest one is named), or a value that cannot be right whatever the preset.
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::parse(text, "text")
    }

    /// Puts variables over what was read: `INTEGRATION__STRIPE__RETRY__MAX_ATTEMPTS`.
    ///
    /// Of all that are given only those with this beginning are kept; an empty one is not set. Those
    /// of a service that nothing is known of are read when that service is asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the variable, when it is no setting of
    /// a known service, and the nearest one.
    pub fn with_env<N, V>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Result<Self>
    where
        N: AsRef<str>,
        V: Into<String>,
    {
        for (name, value) in variables {
            let (name, value) = (name.as_ref(), value.into());
            if name.starts_with(PREFIX) && !value.is_empty() {
                self.variables.insert(name.to_owned(), value);
            }
        }
        self.check()
    }

    fn parse(text: &str, name: &str) -> Result<Self> {
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > Self::MAX_BYTES {
            return Err(refused(format!("{name} has more than 1 MiB")));
        }
        let settings = Self {
            sections: read::read(text, &Arc::from(name))?,
            variables: BTreeMap::new(),
        };
        settings.check()
    }

    /// Finds mistakes before the program asks, as far as they do not depend on a preset.
    fn check(self) -> Result<Self> {
        for name in self.sections.keys() {
            self.section(name)?.check_values(name)?;
        }
        Ok(self)
    }

    /// Returns the settings of a service: `preset`, or the one that its section names, with what the
    /// section and the variables say. A service of which nothing is said has its preset.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the setting, the rule, and where each
    /// value came from that takes part in it.
    pub fn service(&self, name: &str, preset: Preset) -> Result<ServiceSettings> {
        ServiceSettings::new(name, self.section(name)?, preset)
    }

    /// Returns the names of all services that something is said of, sorted.
    ///
    /// One that only variables name is spelled as they suggest, in lower case with `_`.
    #[must_use]
    pub fn services(&self) -> Vec<String> {
        let said: BTreeSet<_> = self.sections.keys().map(|name| env_name(name)).collect();
        let named = self.variables.keys().filter_map(|name| split_name(name));
        let alone = named.filter(|(name, _)| !said.contains(*name));
        let alone = alone.map(|(name, _)| name.to_lowercase());
        let all: BTreeSet<_> = self.sections.keys().cloned().chain(alone).collect();
        all.into_iter().collect()
    }

    /// Refuses services that the program does not know: a section with a wrong letter would else be
    /// passed over without a word.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the service, where it is said, and the
    /// nearest known one.
    pub fn only(&self, known: &[&str]) -> Result<()> {
        let is_known = |name: &str| known.iter().any(|known| env_name(known) == env_name(name));
        let Some(name) = self.services().into_iter().find(|name| !is_known(name)) else {
            return Ok(());
        };
        let section = self.sections.get(&name);
        let said = section.and_then(|section| section.entries.values().next());
        let place = match said {
            Some(entry) => format!(" ({})", entry.origin),
            None if section.is_some() => String::new(),
            None => format!(" ({PREFIX}{}__..)", env_name(&name)),
        };
        let wanted = nearest(&name, known.iter().copied());
        let wanted = wanted.map_or(String::new(), |name| format!(", did you mean `{name}`?"));
        Err(
            refused(format!("there is no service `{name}`{place}{wanted}"))
                .with_context("field", name),
        )
    }

    /// Returns what is said of a service, variables over the file.
    fn section(&self, service: &str) -> Result<Section> {
        let mut section = self.sections.get(service).cloned().unwrap_or_default();
        let wanted = env_name(service);
        for (name, value) in &self.variables {
            if let Some((found, rest)) = split_name(name)
                && found == wanted
            {
                section.overlay(service, rest, name, value)?;
            }
        }
        section.settle(service)?;
        Ok(section)
    }
}

/// Reads a text, but never more of it than the limit, whatever the file system says of its size.
fn read_file(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = File::open(path)?;
    file.take(Settings::MAX_BYTES + 1)
        .read_to_string(&mut text)?;
    Ok(text)
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, name) in self.services().iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            match self.service(name, Preset::Standard) {
                Ok(service) => write!(f, "{service}")?,
                Err(error) => writeln!(f, "# [{name}] over `standard`: {}", error.message())?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("sections", &self.sections.keys())
            .field("variables", &self.variables.keys())
            .finish()
    }
}
