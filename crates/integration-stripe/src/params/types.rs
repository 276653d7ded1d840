//! What setters take beside numbers, text and parameters.

use std::{borrow::Cow, fmt::Display, marker::PhantomData};

use super::{Params, Value};

/// Several values: whatever iterates over what the items are made of.
#[derive(Clone, Debug)]
pub struct ListOf<T> {
    values: Vec<Value>,
    items: PhantomData<fn(T)>,
}

impl<T, I> From<I> for ListOf<T>
where
    I: IntoIterator<Item: Into<T>>,
    T: Into<Value>,
{
    fn from(items: I) -> Self {
        let value = |item: I::Item| -> Value { item.into().into() };
        Self {
            values: items.into_iter().map(value).collect(),
            items: PhantomData,
        }
    }
}

impl<T> From<ListOf<T>> for Value {
    fn from(list: ListOf<T>) -> Self {
        Self::Array(list.values)
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
    T: Into<Value>,
{
    fn from(pairs: I) -> Self {
        let mut params = Params::new();
        for (key, value) in pairs {
            let value: T = value.into();
            params.set(Cow::Owned(key.into()), value.into());
        }
        Self {
            params,
            values: PhantomData,
        }
    }
}

impl<T> From<MapOf<T>> for Value {
    fn from(map: MapOf<T>) -> Self {
        Self::Object(map.params)
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

impl From<Decimal> for Value {
    fn from(number: Decimal) -> Self {
        Self::Text(Cow::Owned(number.0))
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

impl From<Int64Param> for Value {
    fn from(number: Int64Param) -> Self {
        Self::Text(Cow::Owned(number.0.to_string()))
    }
}
