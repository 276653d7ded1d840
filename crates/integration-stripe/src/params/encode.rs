//! Parameters as Stripe's own libraries write them: forms for API v1, JSON for API v2.

use std::fmt::Write;

use integration_core::http::{Multipart, Part};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Params, Value};

/// Writes `a[b][0]=c&d=e`: brackets as they are, spaces as `%20`.
pub(crate) fn form(params: &Params) -> String {
    let mut out = String::new();
    pairs(params, &mut |name, value| {
        if !out.is_empty() {
            out.push('&');
        }
        escape(name, b"[]", &mut out);
        out.push('=');
        escape(value, b"", &mut out);
    });
    out
}

/// Writes an object; what is unset is `null`.
pub(crate) fn json(params: &Params) -> serde_json::Result<String> {
    serde_json::to_string(params)
}

/// Writes each value as a part of text, and each file as a part with its name.
pub(crate) fn multipart(params: &Params) -> Multipart {
    let mut form = Some(Multipart::new());
    pairs(params, &mut |name, value| {
        form = form.take().map(|form| form.text(name, value));
    });
    let mut form = form.unwrap_or_default();
    for (name, value) in params.iter() {
        if let Value::File(file) = value {
            let part = Part::body(file.body.clone()).with_file_name(&file.name);
            form = form.part(name, part);
        }
    }
    form
}

/// Gives each value with its full name, such as `items[0][price]`. Empty containers give none.
pub(crate) fn pairs(params: &Params, emit: &mut dyn FnMut(&str, &str)) {
    let mut name = String::new();
    for (key, value) in params.iter() {
        name.clear();
        name.push_str(key);
        flatten(&mut name, value, emit);
    }
}

fn flatten(name: &mut String, value: &Value, emit: &mut dyn FnMut(&str, &str)) {
    let mut within = |key: &dyn std::fmt::Display, value: &Value| {
        let len = name.len();
        // Writing to a string cannot fail.
        let _ = write!(name, "[{key}]");
        flatten(name, value, emit);
        name.truncate(len);
    };
    match value {
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                within(&index, value);
            }
        }
        Value::Object(params) => {
            for (key, value) in params.iter() {
                within(&key, value);
            }
        }
        Value::File(_) => {}
        Value::Clear => emit(name, ""),
        Value::Bool(value) => emit(name, if *value { "true" } else { "false" }),
        Value::Int(value) => emit(name, &value.to_string()),
        Value::Float(value) => emit(name, &value.to_string()),
        Value::Text(value) => emit(name, value),
    }
}

/// Percent-encodes all but letters, digits, `-_.!~*'()` and what is in `kept`.
pub(crate) fn escape(text: &str, kept: &[u8], out: &mut String) {
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
        if plain || kept.contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        let mut map = into.serialize_map(None)?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Clear | Self::File(_) => into.serialize_unit(),
            Self::Bool(value) => into.serialize_bool(*value),
            Self::Int(value) => into.serialize_i64(*value),
            Self::Float(value) => into.serialize_f64(*value),
            Self::Text(value) => into.serialize_str(value),
            Self::Array(values) => into.collect_seq(values),
            Self::Object(params) => params.serialize(into),
        }
    }
}
