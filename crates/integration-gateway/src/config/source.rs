//! Senders: `[sources.NAME]`, and how every secret is read.

use std::{sync::Arc, time::Duration};

use integration_core::{ExposeSecret as _, Result, SecretString};
use integration_webhooks::{HmacAlgorithm, HmacEncoding, HmacScheme, Scheme, Secret, Source};
use toml::{Table, Value};

use super::{
    environment::Environment,
    keys,
    load::Secrets,
    model::SourceConfig,
    origin::Origins,
    secret,
    section::{Section, fault, join},
};

/// Characters of the name of a source or a route at most.
pub(super) const MAX_NAME: usize = 64;

const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

/// Reads secrets where they are wanted, and notes what they are called.
pub(super) struct SecretReader<'a> {
    pub(super) secrets: Secrets,
    pub(super) environment: &'a Environment,
    pub(super) noted: &'a mut Origins,
}

impl SecretReader<'_> {
    /// Reads the one secret under a key.
    pub(super) fn one(&mut self, section: &Section<'_>, key: &str) -> Result<Option<SecretString>> {
        let Some(text) = section.text(key)? else {
            return Ok(None);
        };
        let secret = self.read(section, key, text)?;
        self.note(section, key, &Value::String(text.to_owned()));
        let is_plain = |c: char| c.is_ascii_graphic();
        match secret {
            Some(secret) if !secret.expose_secret().chars().all(is_plain) => {
                Err(section.fault(key, "names a secret with spaces or characters beyond ASCII"))
            }
            secret => Ok(secret),
        }
    }

    /// Notes what a secret is called; only what was found to be no secret itself comes here.
    fn note(&mut self, section: &Section<'_>, key: &str, reference: &Value) {
        self.noted.add_secret(&section.path(key), reference);
    }

    fn read(&self, section: &Section<'_>, key: &str, text: &str) -> Result<Option<SecretString>> {
        let place = secret::place(text).map_err(|rule| section.fault(key, rule))?;
        if self.secrets == Secrets::Left {
            return Ok(None);
        }
        let read = secret::read(&place, self.environment);
        read.map(Some)
            .map_err(|error| section.fault(key, error.message()))
    }

    /// Reads the secrets of a source.
    fn list(&mut self, section: &Section<'_>, origins: &Origins) -> Result<Vec<Secret>> {
        let key = "secrets";
        let example = "secrets = [\"env:NAME\"]";
        let list = section.list(key)?;
        let list = list.ok_or_else(|| section.missing(key, example))?;
        let mut secrets = Vec::new();
        for entry in &list {
            secrets.extend(match entry {
                Value::String(text) => self.read(section, key, text)?.map(Secret::new),
                Value::Table(table) => self.timed(section, table, origins)?,
                other => {
                    return Err(section.not(key, other, "a list of \"env:NAME\" or \"file:PATH\""));
                }
            });
            self.note(section, key, entry);
        }
        Ok(secrets)
    }

    /// Reads a secret that is in force for a time.
    fn timed(
        &self,
        above: &Section<'_>,
        table: &Table,
        origins: &Origins,
    ) -> Result<Option<Secret>> {
        let path = above.path("secrets");
        let section = Section::new(table, &path, keys::SECRET, origins)?;
        let text = section.text("from")?;
        let text = text.ok_or_else(|| section.missing("from", "from = \"env:NAME\""))?;
        let times = 0..=253_402_300_799;
        let not_before = section.number("not_before_s", times.clone())?;
        let not_after = section.number("not_after_s", times)?;
        if not_before
            .zip(not_after)
            .is_some_and(|(from, to)| from > to)
        {
            return Err(section.fault("not_after_s", "must not be before not_before_s"));
        }
        let Some(value) = self.read(above, "secrets", text)? else {
            return Ok(None);
        };
        let mut secret = Secret::new(value);
        if let Some(seconds) = not_before {
            secret = secret.with_not_before(Duration::from_secs(seconds));
        }
        if let Some(seconds) = not_after {
            secret = secret.with_not_after(Duration::from_secs(seconds));
        }
        Ok(Some(secret))
    }
}

/// Reads every source.
pub(super) fn sources(
    top: &Section<'_>,
    origins: &Origins,
    reader: &mut SecretReader<'_>,
) -> Result<Vec<SourceConfig>> {
    let Some(table) = top.table("sources")? else {
        return Ok(Vec::new());
    };
    let mut sources = Vec::new();
    for (name, value) in table {
        let path = join("sources", name);
        check_name(name).map_err(|rule| fault(origins, format!("`{path}` {rule}")))?;
        let Value::Table(table) = value else {
            return Err(fault(
                origins,
                format!("`{path}` must be a table, [{path}]"),
            ));
        };
        let section = Section::new(table, &path, keys::SOURCE, origins)?;
        sources.push(source(name, &section, origins, reader)?);
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sources)
}

fn source(
    name: &str,
    section: &Section<'_>,
    origins: &Origins,
    reader: &mut SecretReader<'_>,
) -> Result<SourceConfig> {
    let mut tolerance = DEFAULT_TOLERANCE;
    section.seconds("tolerance_s", 1..=24 * 60 * 60, &mut tolerance)?;
    let source = SourceConfig {
        name: Arc::from(name),
        scheme: scheme(section, origins)?,
        secrets: reader.list(section, origins)?,
        tolerance,
    };
    if reader.secrets == Secrets::Read {
        // It knows which secrets a scheme can use, and which parts of a generic one go together.
        let made = Source::new(name, source.scheme.clone(), source.secrets.clone());
        made.map_err(|error| {
            let detail = error.context().filter(|(key, _)| *key != "source");
            let detail: String = detail
                .map(|(key, value)| format!(" ({key} {value})"))
                .collect();
            let path = section.path("").trim_end_matches('.').to_owned();
            fault(
                origins,
                format!("`{path}` cannot be used: {}{detail}", error.message()),
            )
        })?;
    }
    Ok(source)
}

fn scheme(section: &Section<'_>, origins: &Origins) -> Result<Scheme> {
    let word = section.text("scheme")?;
    let word = word.ok_or_else(|| section.missing("scheme", "scheme = \"stripe\""))?;
    let scheme: Scheme = word.parse().map_err(|error: integration_core::Error| {
        section.fault("scheme", format_args!("is not right: {}", error.message()))
    })?;
    match (scheme, section.table("hmac")?) {
        (Scheme::Hmac(_), Some(table)) => {
            let path = section.path("hmac");
            let hmac = Section::new(table, &path, keys::HMAC, origins)?;
            hmac_scheme(&hmac).map(Scheme::Hmac)
        }
        (Scheme::Hmac(_), None) => {
            let path = section.path("hmac");
            Err(section.fault(
                "scheme",
                format_args!(
                    "is \"hmac\", which needs a table [{path}] that says how, such as \
                 header = \"x-signature-256\""
                ),
            ))
        }
        (other, Some(_)) => Err(section.fault(
            "hmac",
            format_args!(
                "goes with scheme = \"hmac\" only, not with \"{}\"",
                other.name()
            ),
        )),
        (other, None) => Ok(other),
    }
}

fn hmac_scheme(section: &Section<'_>) -> Result<HmacScheme> {
    let text = |key| section.text(key).map(|text| text.map(str::to_owned));
    let mut scheme = HmacScheme::default();
    scheme.header = text("header")?.unwrap_or(scheme.header);
    scheme.prefix = text("prefix")?.unwrap_or(scheme.prefix);
    scheme.content = text("content")?.unwrap_or(scheme.content);
    scheme.algorithm = section.word(
        "algorithm",
        &[
            ("sha256", HmacAlgorithm::Sha256),
            ("sha512", HmacAlgorithm::Sha512),
            ("sha1", HmacAlgorithm::Sha1),
        ],
        scheme.algorithm,
    )?;
    let encodings = [("hex", HmacEncoding::Hex), ("base64", HmacEncoding::Base64)];
    scheme.encoding = section.word("encoding", &encodings, scheme.encoding)?;
    scheme.timestamp_header = text("timestamp_header")?;
    scheme.id_header = text("id_header")?;
    scheme.id_pointer = text("id_pointer")?;
    scheme.type_header = text("type_header")?;
    scheme.type_pointer = text("type_pointer")?;
    Ok(scheme)
}

/// Checks the name of a source or a route: part of a path, of a variable and of a metric.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && name.len() <= MAX_NAME && name.bytes().all(is_plain) && !name.contains("__") {
        return Ok(());
    }
    Err(format!(
        "must have a name of 1 to {MAX_NAME} letters, digits, `-`, `.` and single `_`, beginning \
         with a letter or digit"
    ))
}
