//! Schemas of answers become views.

use serde_json::{Map, Value, json};

use super::{
    docs,
    ir::{Api, Body, Field, Ty, Use},
    names::{pascal, snake},
};

/// Fields of a page; an object with others is no page.
const PAGE: [&str; 8] = [
    "data",
    "has_more",
    "next_page",
    "next_page_url",
    "object",
    "previous_page_url",
    "total_count",
    "url",
];

/// Lowers schemas of answers into an [`Api`].
pub(super) struct Answers<'d> {
    pub(super) schemas: &'d Map<String, Value>,
    /// Names of objects of the reference, longest first.
    pub(super) resources: Vec<&'d str>,
    /// Components that are being lowered: one that comes again is a cycle.
    pub(super) open: Vec<String>,
}

/// A place in the document, as the path to it in names.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) source: String,
    pub(super) name: String,
    pub(super) home: String,
}

impl Place {
    fn field(&self, name: &str) -> Self {
        Self {
            source: format!("{}.{name}", self.source),
            name: format!("{}{}", self.name, pascal(name)),
            home: self.home.clone(),
        }
    }

    fn to_use(&self) -> Use {
        Use {
            source: self.source.clone(),
            names: vec![self.name.clone()],
            home: self.home.clone(),
        }
    }
}

impl Answers<'_> {
    pub(super) fn ty(&mut self, api: &mut Api, schema: &Value, place: &Place) -> Ty {
        if let Some(name) = reference(schema) {
            return self.component(api, name);
        }
        if let Some(options) = schema["anyOf"].as_array() {
            return self.any_of(api, options, place);
        }
        match schema["type"].as_str() {
            Some("object") => self.object(api, schema, place),
            Some("array") => Ty::List(Box::new(self.ty(api, &schema["items"], place))),
            Some("string") => string(api, schema, place),
            Some("integer") => Ty::Int,
            Some("number") => Ty::Float,
            Some("boolean") => Ty::Bool,
            _ => Ty::Any,
        }
    }

    fn component(&mut self, api: &mut Api, name: &str) -> Ty {
        let Some(schema) = self.schemas.get(name) else {
            return Ty::Any;
        };
        let place = Place {
            source: name.to_owned(),
            name: pascal(name),
            home: self.home(name),
        };
        let in_cycle = self.open.iter().any(|open| open == name);
        if schema.get("x-resourceId").is_none() && !in_cycle {
            self.open.push(name.to_owned());
            let ty = self.ty(api, schema, &place);
            self.open.pop();
            return ty;
        }
        let (id, is_new) = api.nominal(name, place.to_use());
        if is_new {
            let fields = self.fields(api, schema, &place);
            api.types[id].body = Body::View(fields);
        }
        Ty::Named(id)
    }

    fn object(&mut self, api: &mut Api, schema: &Value, place: &Place) -> Ty {
        let properties = schema["properties"].as_object();
        let Some(properties) = properties.filter(|p| !p.is_empty()) else {
            return match &schema["additionalProperties"] {
                of @ Value::Object(_) => Ty::Map(Box::new(self.ty(api, of, place))),
                _ => Ty::Any,
            };
        };
        let is_page = properties.contains_key("data")
            && (properties.contains_key("has_more") || properties.contains_key("next_page_url"))
            && properties.keys().all(|key| PAGE.contains(&key.as_str()));
        if is_page {
            let item = self.ty(api, &properties["data"]["items"], &place.field("item"));
            return Ty::Page(Box::new(item));
        }
        let fields = self.fields(api, schema, place);
        Ty::Named(api.intern(Body::View(fields), place.to_use()))
    }

    fn fields(&mut self, api: &mut Api, schema: &Value, place: &Place) -> Vec<Field> {
        let required = schema["required"].as_array();
        let is_required = |name: &str| required.is_some_and(|r| r.iter().any(|w| w == name));
        let properties = schema["properties"].as_object();
        let field = |(name, schema): (&String, &Value)| Field {
            name: name.clone(),
            ty: self.ty(api, schema, &place.field(name)),
            required: is_required(name),
            nullable: schema["nullable"] == true,
            note: docs::note(schema),
        };
        properties.into_iter().flatten().map(field).collect()
    }

    fn any_of(&mut self, api: &mut Api, options: &[Value], place: &Place) -> Ty {
        let mut refs: Vec<&str> = options.iter().filter_map(reference).collect();
        // What remains of a deleted object is told by `is_deleted`, not by another type.
        if refs.iter().any(|name| !name.starts_with("deleted_")) {
            refs.retain(|name| !name.starts_with("deleted_"));
        }
        let ty = match refs.as_slice() {
            [] => match options.iter().find(|o| o["type"] != "string") {
                Some(other) => return self.ty(api, other, place),
                None => return Ty::Str,
            },
            [one] => self.component(api, one),
            several if several.iter().any(|name| self.word(name).is_none()) => {
                let merged = self.merged(several);
                self.object(api, &merged, place)
            }
            _ => {
                let members = refs.iter().map(|name| {
                    let word = self.word(name).unwrap_or(name).to_owned();
                    (
                        format!("as_{}", snake(name)),
                        word,
                        self.component(api, name),
                    )
                });
                let members = members.collect();
                Ty::Named(api.intern(Body::Union(members), place.to_use()))
            }
        };
        if options.iter().any(|o| o["type"] == "string") {
            return Ty::Expandable(Box::new(ty));
        }
        ty
    }

    /// What the field `object` of a component says, by which unions are told.
    fn word(&self, component: &str) -> Option<&str> {
        self.schemas.get(component)?["properties"]["object"]["enum"][0].as_str()
    }

    /// One object with the fields of several that nothing tells apart: a field of two has the words
    /// of both, and is required where it is required in all.
    fn merged(&self, components: &[&str]) -> Value {
        let mut fields: Map<String, Value> = Map::new();
        let mut required: Option<Vec<Value>> = None;
        for schema in components.iter().filter_map(|name| self.schemas.get(*name)) {
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                match fields.get_mut(name) {
                    Some(there) => join(there, field),
                    None => {
                        fields.insert(name.clone(), field.clone());
                    }
                }
            }
            let here = schema["required"].as_array().cloned().unwrap_or_default();
            required = Some(match required {
                Some(before) => before.into_iter().filter(|n| here.contains(n)).collect(),
                None => here,
            });
        }
        json!({ "type": "object", "properties": fields, "required": required })
    }

    /// The file of a component: that of the object of the reference it is a part of.
    pub(super) fn home(&self, component: &str) -> String {
        let plain = component.strip_prefix("deleted_").unwrap_or(component);
        let part_of = |resource: &&&str| {
            let rest = snake(plain);
            let rest = rest.strip_prefix(&snake(resource)).map(str::to_owned);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        let owner = self.resources.iter().find(part_of);
        owner.map_or_else(|| "shared".to_owned(), |resource| snake(resource))
    }
}

/// Adds what a second schema of a field allows to the first: words, and `null`.
fn join(first: &mut Value, second: &Value) {
    if second["nullable"] == true {
        first["nullable"] = true.into();
    }
    let more = second["enum"].as_array().cloned();
    match (first["enum"].as_array_mut(), more) {
        (Some(words), Some(more)) => words.extend(more),
        // One of the two takes any text.
        (Some(_), None) => first["enum"] = Value::Null,
        (None, _) => {}
    }
}

fn string(api: &mut Api, schema: &Value, place: &Place) -> Ty {
    if schema["format"] == "int64" {
        return Ty::Int64;
    }
    let words = schema["enum"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut words: Vec<String> = words
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    words.retain(|word| !word.is_empty());
    words.sort();
    words.dedup();
    if words.len() < 2 {
        return Ty::Str;
    }
    Ty::Named(api.intern(Body::Enum(words), place.to_use()))
}

pub(super) fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"]
        .as_str()?
        .strip_prefix("#/components/schemas/")
}
