//! Schemas of parameters become trees with setters.

use serde_json::Value;

use super::{
    docs,
    ir::{Api, Body, Field, Ty, TypeId, Use},
    names::pascal,
};

/// Where a parameter stands: its operation, and the names on the way to it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Such as `POST /v1/customers`.
    pub(super) source: String,
    /// Such as `Customer`.
    pub(super) noun: String,
    /// Such as `CreateCustomer`.
    pub(super) whole: String,
    pub(super) field: String,
    pub(super) home: String,
}

impl Place {
    fn field(&self, name: &str) -> Self {
        Self {
            source: format!("{}.{name}", self.source),
            noun: self.noun.clone(),
            whole: format!("{}{}", self.whole, pascal(name)),
            field: name.to_owned(),
            home: self.home.clone(),
        }
    }

    fn to_use(&self, suffix: &str) -> Use {
        let field = pascal(&self.field);
        Use {
            source: self.source.clone(),
            names: vec![
                format!("{field}{suffix}"),
                format!("{}{field}{suffix}", self.noun),
                format!("{}{suffix}", self.whole),
            ],
            home: self.home.clone(),
        }
    }
}

/// The parameters of an operation: query and body, without ids and `expand`.
pub(super) fn of_operation(api: &mut Api, operation: &Value, place: &Place) -> Option<TypeId> {
    let mut fields = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "query" {
            let name = parameter["name"].as_str().unwrap_or_default();
            let is_required = parameter["required"] == true;
            fields.extend(field(api, name, &parameter["schema"], is_required, place));
        }
    }
    let content = operation["requestBody"]["content"].as_object();
    for schema in content.into_iter().flat_map(|c| c.values()) {
        fields.extend(of_object(api, &schema["schema"], place));
    }
    if fields.is_empty() {
        return None;
    }
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    let common = common(&fields);
    let source = match common {
        Some(name) => format!("every call with {name}"),
        None => place.source.clone(),
    };
    let whole = Use {
        source,
        names: match common {
            Some(name) => vec![name.to_owned(); 2],
            None => vec![place.whole.clone(), format!("{}Params", place.whole)],
        },
        home: if common.is_some() {
            "shared"
        } else {
            &place.home
        }
        .to_owned(),
    };
    let own = common.unwrap_or(&place.source);
    Some(api.intern_whole(own, Body::Params(fields), whole))
}

/// The name of parameters that many nouns have alike. Other parameters are of one call alone, so
/// that their name says which.
fn common(fields: &[Field]) -> Option<&'static str> {
    let names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
    match names.as_slice() {
        ["ending_before", "limit", "starting_after"] => Some("ListParams"),
        ["limit", "page", "query"] => Some("SearchParams"),
        ["metadata"] if fields.iter().all(|f| f.nullable) => Some("MetadataParams"),
        ["metadata"] => Some("NewMetadataParams"),
        _ => None,
    }
}

fn of_object(api: &mut Api, schema: &Value, place: &Place) -> Vec<Field> {
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|r| r.iter().any(|w| w == name));
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .filter_map(|(name, schema)| field(api, name, schema, is_required(name), place))
        .collect()
}

fn field(
    api: &mut Api,
    name: &str,
    schema: &Value,
    required: bool,
    place: &Place,
) -> Option<Field> {
    // Every call takes `expand`; it is set on the call.
    if name == "expand" && place.field.is_empty() {
        return None;
    }
    let (ty, clears) = ty(api, schema, &place.field(name));
    Some(Field {
        name: name.to_owned(),
        ty,
        required,
        nullable: clears || schema["nullable"] == true,
        note: docs::note(schema),
    })
}

/// The type, and whether the empty string unsets it.
fn ty(api: &mut Api, schema: &Value, place: &Place) -> (Ty, bool) {
    if let Some(options) = schema["anyOf"].as_array() {
        return any_of(api, options, place);
    }
    let plain = match schema["type"].as_str() {
        Some("string") => return string(api, schema, place),
        Some("object") => object(api, schema, place),
        Some("array") => Ty::List(Box::new(ty(api, &schema["items"], place).0)),
        Some("integer") => Ty::Int,
        Some("number") => Ty::Float,
        Some("boolean") => Ty::Bool,
        _ => Ty::Any,
    };
    (plain, false)
}

fn object(api: &mut Api, schema: &Value, place: &Place) -> Ty {
    if schema["properties"]
        .as_object()
        .is_some_and(|p| !p.is_empty())
    {
        let fields = of_object(api, schema, place);
        return Ty::Named(api.intern(Body::Params(fields), place.to_use("Params")));
    }
    match &schema["additionalProperties"] {
        of @ Value::Object(_) => Ty::Map(Box::new(ty(api, of, place).0)),
        _ => Ty::Any,
    }
}

fn string(api: &mut Api, schema: &Value, place: &Place) -> (Ty, bool) {
    match schema["format"].as_str() {
        Some("decimal") => return (Ty::Decimal, false),
        Some("int64") => return (Ty::Int64, false),
        Some("binary") => return (Ty::File, false),
        _ => {}
    }
    let words = schema["enum"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let clears = words.iter().any(|word| word == "");
    let mut words: Vec<String> = words
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    words.retain(|word| !word.is_empty());
    words.sort();
    words.dedup();
    if words.len() < 2 {
        return (Ty::Str, clears);
    }
    (
        Ty::Named(api.intern(Body::Enum(words), place.to_use(""))),
        clears,
    )
}

fn any_of(api: &mut Api, options: &[Value], place: &Place) -> (Ty, bool) {
    let is_empty_word = |o: &&Value| o["enum"].as_array().is_some_and(|words| words == &[""]);
    let clears = options.iter().any(|o| is_empty_word(&o));
    let mut types: Vec<Ty> = Vec::new();
    for option in options.iter().filter(|o| !is_empty_word(o)) {
        let (ty, _) = ty(api, option, place);
        if !types.contains(&ty) {
            types.push(ty);
        }
    }
    let ty = match types.as_slice() {
        [] => Ty::Str,
        [one] => one.clone(),
        _ => Ty::Named(api.intern(Body::Choice(types), place.to_use("Choice"))),
    };
    (ty, clears)
}
