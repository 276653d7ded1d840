//! How a value is written: read from what was given, shown as TOML that reads the same.

use std::{fmt::Display, marker::PhantomData, time::Duration};

use super::{given::Given, nearest::nearest, time};

/// The word for an optional value that is not there.
pub(super) const NONE: &str = "none";

/// One way to write a value. The error of `read` is the rule that was broken.
pub(super) trait Form {
    /// What is written.
    type Value;
    /// Whether it switches a whole section on and off.
    const IS_SWITCH: bool = false;

    /// Says how it is written, after "must be".
    fn form() -> String;

    fn read(given: &Given, value: &mut Self::Value) -> Result<(), String>;

    /// Writes the value as TOML; `None` for one that is not there and needs no word for it.
    fn show(value: &Self::Value) -> Option<String>;
}

/// A length of time.
pub(super) struct Time;

/// A length of time, or none.
pub(super) struct MaybeTime;

/// A whole number.
pub(super) struct Count<T>(PhantomData<T>);

/// A number of bytes.
pub(super) struct Bytes;

/// One of some words.
pub(super) struct Words<T>(PhantomData<T>);

/// Whether there is a section at all.
pub(super) struct Switch<T>(PhantomData<T>);

/// A number whose largest value is known.
pub(super) trait Bounded: TryFrom<u64> + Copy + Display {
    const MAX: Self;
}

/// A choice with a word for each of its values.
pub(super) trait Word: Copy + PartialEq + 'static {
    const WORDS: &'static [(&'static str, Self)];
}

macro_rules! bounded {
    ($($number:ty),*) => {
        $(impl Bounded for $number { const MAX: Self = Self::MAX; })*
    };
}

bounded!(u8, u16, u32, usize);

impl Form for Time {
    type Value = Duration;

    fn form() -> String {
        time::FORM.to_owned()
    }

    fn read(given: &Given, value: &mut Duration) -> Result<(), String> {
        *value = time::parse(given.text(time::FORM)?)?;
        Ok(())
    }

    fn show(value: &Duration) -> Option<String> {
        Some(quoted(&time::show(*value)))
    }
}

impl Form for MaybeTime {
    type Value = Option<Duration>;

    fn form() -> String {
        format!("\"{NONE}\" or {}", time::FORM)
    }

    fn read(given: &Given, value: &mut Option<Duration>) -> Result<(), String> {
        *value = match given.text(&Self::form())? {
            NONE => None,
            text => Some(time::parse(text)?),
        };
        Ok(())
    }

    fn show(value: &Option<Duration>) -> Option<String> {
        Some(quoted(&value.map_or(NONE.to_owned(), time::show)))
    }
}

impl<T: Bounded> Form for Count<T> {
    type Value = T;

    fn form() -> String {
        "a whole number".to_owned()
    }

    fn read(given: &Given, value: &mut T) -> Result<(), String> {
        let number = given.number(&Self::form())?;
        let most = T::MAX;
        *value = T::try_from(number).map_err(|_| format!("must be at most {most}"))?;
        Ok(())
    }

    fn show(value: &T) -> Option<String> {
        Some(value.to_string())
    }
}

impl Form for Bytes {
    type Value = usize;

    fn form() -> String {
        "a number of bytes, such as 65536, or a text such as \"64KiB\" or \"8MiB\"".to_owned()
    }

    fn read(given: &Given, value: &mut usize) -> Result<(), String> {
        let form = Self::form();
        let bytes = match given {
            Given::Text(text) | Given::Variable(text) => bytes_of(text.trim()),
            other => usize::try_from(other.number(&form)?).ok(),
        };
        *value = bytes.ok_or_else(|| format!("must be {form}"))?;
        Ok(())
    }

    fn show(value: &usize) -> Option<String> {
        let fits = SIZES
            .iter()
            .find(|(_, size)| *value >= *size && value.is_multiple_of(*size));
        Some(match fits {
            Some((unit, size)) => quoted(&format!("{}{unit}", value / size)),
            None => value.to_string(),
        })
    }
}

const SIZES: [(&str, usize); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

fn bytes_of(text: &str) -> Option<usize> {
    let unit = SIZES
        .iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
    let (number, size) = unit.unwrap_or((text, 1));
    let is_number = number.bytes().all(|b| b.is_ascii_digit());
    let number: usize = number.parse().ok().filter(|_| is_number)?;
    number.checked_mul(size)
}

impl<T: Word> Form for Words<T> {
    type Value = T;

    fn form() -> String {
        let words: Vec<_> = T::WORDS.iter().map(|(word, _)| quoted(word)).collect();
        format!("one of {}", words.join(", "))
    }

    fn read(given: &Given, value: &mut T) -> Result<(), String> {
        let form = Self::form();
        let text = given.text(&form)?;
        if let Some((_, word)) = T::WORDS.iter().find(|(word, _)| *word == text) {
            *value = *word;
            return Ok(());
        }
        let wanted = nearest(text, T::WORDS.iter().map(|(word, _)| *word)).unwrap_or_default();
        Err(format!("must be {form}, did you mean \"{wanted}\"?"))
    }

    fn show(value: &T) -> Option<String> {
        let word = T::WORDS.iter().find(|(_, word)| word == value)?;
        Some(quoted(word.0))
    }
}

impl<T: Default> Form for Switch<T> {
    type Value = Option<T>;
    const IS_SWITCH: bool = true;

    fn form() -> String {
        "true, false or a table".to_owned()
    }

    fn read(given: &Given, value: &mut Option<T>) -> Result<(), String> {
        if given.flag(&Self::form())? {
            value.get_or_insert_with(T::default);
        } else {
            *value = None;
        }
        Ok(())
    }

    fn show(value: &Option<T>) -> Option<String> {
        Some(value.is_some().to_string())
    }
}

/// Writes a text as TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
