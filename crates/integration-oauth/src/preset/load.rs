//! Presets from text: those built in, and those of users.

use integration_core::Result;
use toml::{Table, Value};

use super::{Preset, builtin::ALL, check::wrong, reword};

/// Fields of a preset, for naming the nearest one. A test compares them with the struct.
pub(super) const FIELDS: [&str; 42] = [
    "account",
    "also",
    "auth",
    "authorize",
    "authorize_params",
    "challenge",
    "client_id_param",
    "device",
    "docs",
    "end_session",
    "expires_in_is_ms",
    "expires_in_s",
    "headers",
    "hosts",
    "introspect",
    "issuer",
    "issuer_template",
    "jwks",
    "keep",
    "keep_from_callback",
    "name",
    "nested",
    "par",
    "params",
    "pkce",
    "refresh",
    "refresh_rules",
    "renew",
    "revoke",
    "revoke_auth",
    "scope_param",
    "scope_separator",
    "scopes",
    "title",
    "token",
    "token_body",
    "token_params",
    "trade",
    "userinfo",
    // Below a parameter.
    "about",
    "default",
    "suffixes",
];

/// Fields of `refresh_rules`.
pub(super) const REFRESH_FIELDS: [&str; 6] = [
    "max_age_s",
    "max_idle_s",
    "params",
    "reuse_window_s",
    "rotates",
    "terminal",
];

/// Fields of `trade` and `renew`.
pub(super) const TRADE_FIELDS: [&str; 5] = [
    "address",
    "grant_type",
    "method",
    "token_field",
    "without_client",
];

impl Preset {
    /// Finds a preset that is built in, such as `github`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](integration_core::ErrorKind::Config) when there is none of this name;
    /// the nearest one is named.
    pub fn named(name: &str) -> Result<Self> {
        match ALL.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => Self::from_toml(text),
            None => Err(wrong(format!(
                "there is no preset {name}{}",
                reword::hint(name, ALL.iter().map(|(known, _)| *known))
            ))),
        }
    }

    /// Returns the names of all presets that are built in, in order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|(name, _)| *name)
    }

    /// Reads a preset and [validates](Self::validate) it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](integration_core::ErrorKind::Config) when the text is no TOML, a field
    /// is unknown (the nearest one is named) or cannot be what it is.
    pub fn from_toml(text: &str) -> Result<Self> {
        let table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| wrong(reword::one_line(&error.to_string())))?;
        refuse_unknown(&table)?;
        let preset: Self = Value::Table(table)
            .try_into()
            .map_err(|error: toml::de::Error| wrong(reword::value(&error.to_string())))?;
        preset.validate()?;
        Ok(preset)
    }
}

/// Says more than serde: which field was probably meant.
fn refuse_unknown(table: &Table) -> Result<()> {
    let below = |name: &str| table.get(name).and_then(Value::as_table);
    let params = below("params").into_iter().flatten();
    let params =
        params.filter_map(|(name, value)| Some((format!("params.{name}."), value.as_table()?)));
    let (of_preset, of_param) = FIELDS.split_at(FIELDS.len() - 3);
    let named = |name: &str| below(name).map(|table| (format!("{name}."), table));
    let rules = named("refresh_rules");
    let trades = named("trade").into_iter().chain(named("renew"));
    let all = [(String::new(), table, of_preset)]
        .into_iter()
        .chain(params.map(|(path, table)| (path, table, of_param)))
        .chain(rules.map(|(path, table)| (path, table, &REFRESH_FIELDS[..])))
        .chain(trades.map(|(path, table)| (path, table, &TRADE_FIELDS[..])));
    for (path, table, known) in all {
        if let Some(name) = table.keys().find(|name| !known.contains(&name.as_str())) {
            let known = known.iter().copied();
            return Err(wrong(reword::unknown(&path, name, known)));
        }
    }
    Ok(())
}
