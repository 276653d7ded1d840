//! From TOML to sections.

use std::{collections::BTreeMap, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    given::{Given, Origin},
    nearest::{nearest_path, shown},
    section::{Section, env_name, fault, refused},
    table::{FIELDS, place_of},
};
use crate::error::Result;

/// Reads a text; `file` is its name in errors.
pub(super) fn read(text: &str, file: &Arc<str>) -> Result<BTreeMap<String, Section>> {
    let lines = Lines::new(text);
    let root = DeTable::parse(text).map_err(|error| {
        let line = lines.of(error.span().map_or(0, |span| span.start));
        // The message of the parser names what it expected, and none of the text.
        refused(format!(
            "{file} is not TOML: line {line}: {}",
            error.message()
        ))
    })?;
    let mut sections = BTreeMap::new();
    for (name, value) in root.get_ref().iter() {
        let (name, origin) = (name.get_ref(), at(file, &lines, name));
        check_name(name, &origin, sections.keys())?;
        let DeValue::Table(table) = value.get_ref() else {
            let rule = "must be the table of a service, such as [stripe]";
            return Err(fault(&shown(name), rule, &origin));
        };
        let mut section = Section::default();
        let reader = Reader {
            service: name,
            file,
            lines: &lines,
        };
        reader.table(table, "", &mut section)?;
        section.settle(name)?;
        sections.insert(name.clone().into_owned(), section);
    }
    Ok(sections)
}

/// A name must be readable in the name of a variable, and there stand for one service.
fn check_name<'a>(
    name: &str,
    origin: &Origin,
    mut others: impl Iterator<Item = &'a String>,
) -> Result<()> {
    let is_known_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64
        && name.chars().all(is_known_char)
        && !name.replace('-', "_").contains("__")
        && !name.ends_with(['_', '-']);
    if !is_name {
        let rule = "is no name of a service: up to 64 of a to z, 0 to 9 and single _ or - between";
        return Err(fault(&shown(name), rule, origin));
    }
    match others.find(|other| env_name(other) == env_name(name)) {
        Some(other) => {
            let rule = format!("and `{other}` have the same variables, rename one");
            Err(fault(name, &rule, origin))
        }
        None => Ok(()),
    }
}

struct Reader<'a> {
    service: &'a str,
    file: &'a Arc<str>,
    lines: &'a Lines,
}

impl Reader<'_> {
    /// Takes every value of a table, unless it has a key that nobody knows.
    fn table(&self, table: &DeTable<'_>, path: &str, section: &mut Section) -> Result<()> {
        for (key, value) in table {
            let origin = at(self.file, self.lines, key);
            let path = match path {
                "" => key.get_ref().clone().into_owned(),
                path => format!("{path}.{}", key.get_ref()),
            };
            let place = place_of(&path);
            match (value.get_ref(), place) {
                (DeValue::Table(inner), _) if FIELDS.iter().any(|f| f.is_below(&path)) => {
                    if let Some(place) = place {
                        section.set(place, Given::Flag(true), origin);
                    }
                    self.table(inner, &path, section)?;
                }
                (value, Some(place)) => section.set(place, given(value), origin),
                (value, None) => return Err(self.unknown(&path, value, &origin)),
            }
        }
        Ok(())
    }

    fn unknown(&self, path: &str, value: &DeValue<'_>, origin: &Origin) -> crate::error::Error {
        let full = format!("{}.{}", self.service, shown(path));
        if FIELDS.iter().any(|field| field.is_below(path)) {
            return fault(&full, "must be a table", origin);
        }
        let leaves = FIELDS.iter().map(|field| field.path);
        let tables = leaves
            .clone()
            .filter_map(|path| Some(path.rsplit_once('.')?.0));
        let wanted = match value {
            DeValue::Table(_) => nearest_path(path, tables),
            _ => nearest_path(path, leaves),
        };
        let wanted = wanted.unwrap_or_default();
        let rule = format!("is no setting, did you mean `{}.{wanted}`?", self.service);
        fault(&full, &rule, origin)
    }
}

fn given(value: &DeValue<'_>) -> Given {
    match value {
        DeValue::String(text) => Given::Text(text.clone().into_owned()),
        DeValue::Integer(number) => {
            Given::Number(i64::from_str_radix(number.as_str(), number.radix()).ok())
        }
        DeValue::Boolean(flag) => Given::Flag(*flag),
        DeValue::Array(list) => {
            Given::List(list.iter().map(|entry| given(entry.get_ref())).collect())
        }
        DeValue::Float(_) => Given::Other("a fraction"),
        DeValue::Datetime(_) => Given::Other("a date"),
        DeValue::Table(_) => Given::Other("a table"),
    }
}

fn at<T>(file: &Arc<str>, lines: &Lines, spanned: &Spanned<T>) -> Origin {
    Origin::File(Arc::clone(file), lines.of(spanned.span().start))
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(ends.map(|(end, _)| end).collect())
    }

    /// Returns the line of an offset, from 1.
    fn of(&self, offset: usize) -> usize {
        1 + self.0.partition_point(|end| *end < offset)
    }
}
