//! Parameters of calls: a typed setter a field over a tree of values.
//!
//! A tree is shared when it is cloned, so that a call keeps its parameters without copying them.

mod encode;
mod macros;
#[cfg(test)]
mod tests;
mod types;

use std::{borrow::Cow, fmt, sync::Arc};

pub(crate) use self::encode::{escape, json, multipart};
pub(crate) use self::macros::{choice, params, text_choices};
pub use self::types::{Decimal, FileParam, Int64Param, ListOf, MapOf};

/// A value of a parameter.
#[derive(Clone)]
#[non_exhaustive]
pub enum Value {
    /// Unsets the field: the empty string in forms, `null` in JSON.
    Clear,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text, and all that is written as text.
    Text(Cow<'static, str>),
    /// Values by index.
    Array(Vec<Value>),
    /// Values by name.
    Object(Params),
    /// A file, in a form with files.
    File(FileParam),
}

/// Parameters by name, in the order they were set.
#[derive(Clone, Default)]
pub struct Params {
    fields: Arc<Vec<(Cow<'static, str>, Value)>>,
}

impl Params {
    /// Starts without parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a parameter, in the place of an earlier one of this name.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.set(name.into(), value.into());
        self
    }

    /// Returns the value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut fields = self.fields.iter();
        fields.find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Returns names and values in the order they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// Writes them as API v1 takes them: `a[b][0]=c`, brackets as they are, spaces as `%20`.
    #[must_use]
    pub fn to_form(&self) -> String {
        encode::form(self)
    }

    pub(crate) fn set(&mut self, name: Cow<'static, str>, value: Value) {
        let fields = Arc::make_mut(&mut self.fields);
        match fields.iter_mut().find(|(key, _)| *key == name) {
            Some((_, there)) => *there = value,
            None => fields.push((name, value)),
        }
    }
}

/// What a setter takes. There is nothing to call: it is a trait so that each type has its own.
pub trait Param {
    #[doc(hidden)]
    fn value(self) -> Value;
}

/// What setters call. The plain types have a method each, for the reason that readers of views have.
impl Params {
    fn set_to(mut self, name: &'static str, value: Value) -> Self {
        self.set(Cow::Borrowed(name), value);
        self
    }

    /// Sets a parameter to what makes a `T`.
    #[inline]
    pub(crate) fn put<T: Param>(self, name: &'static str, value: impl Into<T>) -> Self {
        self.set_to(name, value.into().value())
    }

    /// Sets a parameter to other parameters.
    #[inline]
    pub(crate) fn fields(self, name: &'static str, value: impl Param) -> Self {
        self.set_to(name, value.value())
    }

    #[inline]
    pub(crate) fn text(self, name: &'static str, value: impl Into<String>) -> Self {
        self.set_to(name, Value::Text(Cow::Owned(value.into())))
    }

    #[inline]
    pub(crate) fn int(self, name: &'static str, value: impl Into<i64>) -> Self {
        self.set_to(name, Value::Int(value.into()))
    }

    #[inline]
    pub(crate) fn flag(self, name: &'static str, value: bool) -> Self {
        self.set_to(name, Value::Bool(value))
    }

    /// Sets a parameter that there is no setter for.
    pub(crate) fn extra(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with(name.into(), value)
    }

    /// Unsets a parameter.
    pub(crate) fn clear(self, name: &'static str) -> Self {
        self.set_to(name, Value::Clear)
    }
}

impl fmt::Debug for Params {
    /// Shows names, never values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}

impl fmt::Debug for Value {
    /// Shows the shape, never what was given.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear => f.write_str("clear"),
            Self::Bool(_) => f.write_str("bool"),
            Self::Int(_) | Self::Float(_) => f.write_str("number"),
            Self::Text(_) => f.write_str("text"),
            Self::Array(values) => values.fmt(f),
            Self::Object(params) => params.fmt(f),
            Self::File(_) => f.write_str("file"),
        }
    }
}

impl Value {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(Cow::Owned(text.to_owned()))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::text(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl From<Decimal> for Value {
    fn from(value: Decimal) -> Self {
        value.value()
    }
}

impl From<Int64Param> for Value {
    fn from(value: Int64Param) -> Self {
        value.value()
    }
}

impl From<Params> for Value {
    fn from(value: Params) -> Self {
        Self::Object(value)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::Array(values.into_iter().map(Into::into).collect())
    }
}

macro_rules! plain_params {
    ($($type:ty),*) => {$(
        impl Param for $type {
            fn value(self) -> Value {
                self.into()
            }
        }
    )*};
}

plain_params!(bool, i64, f64, String, Params);
