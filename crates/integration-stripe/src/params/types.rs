//! What setters take beside numbers, text and parameters.

use std::{borrow::Cow, fmt::Display, marker::PhantomData};

use integration_core::http::Body;

use super::{Param, Params, Value};

/// Several values: whatever iterates over what the items are made of.
#[derive(Clone, Debug)]
pub struct ListOf<T> {
    values: Vec<Value>,
    items: PhantomData<fn(T)>,
}

impl<T, I> From<I> for ListOf<T>
where
    I: IntoIterator<Item: Into<T>>,
    T: Param,
{
    fn from(items: I) -> Self {
        let value = |item: I::Item| -> Value { item.into().value() };
        Self {
            values: items.into_iter().map(value).collect(),
            items: PhantomData,
        }
    }
}

impl<T> Param for ListOf<T> {
    fn value(self) -> Value {
        Value::Array(self.values)
    }
}

/// Values by keys of yours, such as `metadata`: whatever iterates over pairs.
#[derive(Clone, Debug)]
pub struct MapOf<T> {
    params: Params,
    values: PhantomData<fn(T)>,
}

impl<T, I, K, V> From<I> for MapOf<T>
where
    I: IntoIterator<Item = (K, V)>,
    K: Into<String>,
    V: Into<T>,
    T: Param,
{
    fn from(pairs: I) -> Self {
        let mut params = Params::new();
        for (key, value) in pairs {
            let value: T = value.into();
            params.set(Cow::Owned(key.into()), value.value());
        }
        Self {
            params,
            values: PhantomData,
        }
    }
}

impl<T> Param for MapOf<T> {
    fn value(self) -> Value {
        Value::Object(self.params)
    }
}

/// A decimal number as text, such as `"12.50"`, so that no digit is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(String);

impl<T: Display> From<T> for Decimal {
    fn from(number: T) -> Self {
        Self(number.to_string())
    }
}

impl Param for Decimal {
    fn value(self) -> Value {
        Value::Text(Cow::Owned(self.0))
    }
}

/// A 64-bit integer, which API v2 takes as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int64Param(i64);

impl From<i64> for Int64Param {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

impl Param for Int64Param {
    fn value(self) -> Value {
        Value::Text(Cow::Owned(self.0.to_string()))
    }
}

/// A file that is uploaded.
#[derive(Clone, Debug)]
pub struct FileParam {
    pub(crate) name: String,
    pub(crate) body: Body,
}

impl FileParam {
    /// Gives a file this name and content, which may be a stream.
    pub fn new(name: impl Into<String>, body: impl Into<Body>) -> Self {
        Self {
            name: name.into(),
            body: body.into(),
        }
    }
}

impl Param for FileParam {
    fn value(self) -> Value {
        Value::File(self)
    }
}
