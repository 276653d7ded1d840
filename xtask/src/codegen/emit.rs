//! Types and operations as the tables that the macros of the crate read.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    closure::{Closure, is_core_file},
    ir::{Api, Body, Field, Ty, Type, TypeId},
    lock,
    names::{ident, variant},
    reference,
};

/// Columns of a line.
pub(super) const WIDTH: usize = 100;

/// What is only there with every noun.
pub(super) const FULL: &str = "#[cfg(feature = \"full\")]\n";

/// Writes the types of one file.
pub(super) struct Emitter<'a> {
    pub(super) api: &'a Api,
    pub(super) names: &'a [String],
    pub(super) closure: &'a Closure,
}

impl Emitter<'_> {
    /// The file that a type is written to.
    pub(super) fn home(&self, id: TypeId) -> String {
        let of = &self.api.types[id];
        let homes: BTreeMap<&str, ()> = of.uses.iter().map(|u| (u.home.as_str(), ())).collect();
        let first = of
            .uses
            .iter()
            .min_by_key(|u| &u.source)
            .map_or("shared", |u| &u.home);
        let is_core = self.closure.has(id);
        let own = of.resource.is_some() || homes.len() == 1;
        let home = if own { first } else { "shared" };
        match (is_core, is_core_file(home)) {
            (true, true) => home.to_owned(),
            (true, false) => "shared".to_owned(),
            (false, false) if home != "shared" => home.to_owned(),
            (false, _) => "shared_full".to_owned(),
        }
    }

    /// The tables of these types, which are those of a file.
    pub(super) fn types(&self, ids: &[TypeId]) -> String {
        let mut out = String::new();
        for table in ["view", "union_view", "params", "choice", "open_enum"] {
            let is_in = |id: &TypeId| table_of(&self.api.types[*id].body) == table;
            let mut ids: Vec<TypeId> = ids.iter().copied().filter(is_in).collect();
            ids.sort_by_key(|id| (self.api.types[*id].resource.is_none(), &self.names[*id]));
            for id in &ids {
                // A call each: what one costs the compiler grows with the square of its rows.
                let _ = write!(out, "\n{table}! {{\n{}}}\n", self.body(*id));
            }
            if table == "choice" {
                out.push_str(&self.text_choices(&ids));
            }
        }
        out
    }

    fn about(&self, id: TypeId) -> String {
        let of = &self.api.types[id];
        match (&of.resource, reference::of_object(self.api, id)) {
            (None, _) => part(of),
            (Some(name), None) => format!("    /// The object `{name}`.\n"),
            (Some(name), Some(page)) => {
                format!(
                    "    /// The object `{name}`: [reference]({}{page}).\n",
                    reference::SITE
                )
            }
        }
    }

    fn text_choices(&self, ids: &[TypeId]) -> String {
        let has_text = |id: &&TypeId| {
            let body = &self.api.types[**id].body;
            matches!(body, Body::Choice(types) if types.contains(&Ty::Str))
        };
        let names: Vec<String> = ids
            .iter()
            .filter(has_text)
            .map(|id| format!("    {}\n", self.names[*id]))
            .collect();
        if names.is_empty() {
            return String::new();
        }
        format!("\ntext_choices! {{\n{}}}\n", names.concat())
    }

    fn body(&self, id: TypeId) -> String {
        let of = &self.api.types[id];
        let name = &self.names[id];
        let mut out = self.about(id);
        match &of.body {
            Body::View(fields) => {
                let _ = writeln!(out, "    {name} {{");
                for field in fields {
                    if self.closure.has(id) && !self.closure.has_ty(&field.ty) {
                        let _ = write!(out, "        {FULL}");
                    }
                    let _ = writeln!(
                        out,
                        "        {}: {} = {} {:?} {} {};",
                        ident(&field.name),
                        self.read(&field.ty),
                        self.reader(&field.ty),
                        field.name,
                        presence(field),
                        self.getter_doc(field)
                    );
                }
            }
            Body::Union(members) => {
                let _ = writeln!(out, "    {name} {{");
                for (method, word, ty) in members {
                    let _ = writeln!(out, "        {method}: {} = {word:?};", self.read(ty));
                }
            }
            Body::Enum(words) => {
                let _ = writeln!(out, "    {name} {{");
                out.push_str(&rows(&variants(words)));
            }
            Body::Params(fields) => {
                let head = fields.iter().filter(|f| f.required);
                let head = head
                    .map(|f| format!("{}: {} {:?}", ident(&f.name), self.setter(&f.ty), f.name));
                let _ = writeln!(
                    out,
                    "    {name}({}) {{",
                    head.collect::<Vec<_>>().join(", ")
                );
                for field in fields.iter().filter(|f| !f.required) {
                    let clear = match field.nullable {
                        true => format!(", clear_{}", field.name),
                        false => String::new(),
                    };
                    let _ = writeln!(
                        out,
                        "        {}: {} {:?}{clear} {};",
                        ident(&field.name),
                        self.setter(&field.ty),
                        field.name,
                        self.setter_doc(field)
                    );
                }
            }
            Body::Choice(types) => {
                let _ = writeln!(out, "    {name} {{");
                let one = |ty: &Ty| format!("{}({})", self.choice(types, ty), self.take(ty));
                out.push_str(&rows(&types.iter().map(one).collect::<Vec<_>>()));
            }
        }
        out.push_str("    }\n");
        out
    }

    /// The type that a getter or a call returns.
    pub(super) fn read(&self, ty: &Ty) -> String {
        match ty {
            Ty::Str | Ty::Decimal => "&str".to_owned(),
            Ty::Int => "i64".to_owned(),
            Ty::Int64 => "Int64".to_owned(),
            Ty::Float => "f64".to_owned(),
            Ty::Bool => "bool".to_owned(),
            Ty::Any | Ty::File => "Node".to_owned(),
            Ty::List(of) => format!("Vec<{}>", self.read(of)),
            Ty::Map(of) => format!("Map<{}>", self.read(of).replace('&', "&'static ")),
            Ty::Page(of) => match &**of {
                Ty::Named(id) => format!("List<{}>", self.names[*id]),
                _ => "List<Node>".to_owned(),
            },
            Ty::Expandable(of) => format!("Expandable<{}>", self.read(of)),
            Ty::Named(id) => self.names[*id].clone(),
        }
    }

    /// The reader of `Node` that a getter calls.
    fn reader(&self, ty: &Ty) -> &'static str {
        match ty {
            Ty::Str | Ty::Decimal => "text",
            Ty::Int => "int",
            Ty::Float => "number",
            Ty::Bool => "flag",
            Ty::Named(id) if !matches!(self.api.types[*id].body, Body::Enum(_)) => "view",
            _ => "field",
        }
    }

    /// The argument of a setter, and the method of `Params` that it calls.
    fn setter(&self, ty: &Ty) -> String {
        let given = self.take(ty);
        let is_params = |id: TypeId| matches!(self.api.types[id].body, Body::Params(_));
        match ty {
            Ty::Str => "impl Into<String> = text".to_owned(),
            Ty::Int => "impl Into<i64> = int".to_owned(),
            Ty::Bool => "bool = flag".to_owned(),
            Ty::Any => format!("{given} = fields"),
            Ty::Named(id) if is_params(*id) => format!("{given} = fields"),
            _ => format!("impl Into<{given}> = put<{given}>"),
        }
    }

    /// The type that a setter takes.
    pub(super) fn take(&self, ty: &Ty) -> String {
        match ty {
            Ty::Str => "String".to_owned(),
            Ty::Int => "i64".to_owned(),
            Ty::Int64 => "Int64Param".to_owned(),
            Ty::Float => "f64".to_owned(),
            Ty::Bool => "bool".to_owned(),
            Ty::Decimal => "Decimal".to_owned(),
            Ty::File => "FileParam".to_owned(),
            Ty::Any => "Params".to_owned(),
            Ty::List(of) => format!("ListOf<{}>", self.take(of)),
            Ty::Map(of) => format!("MapOf<{}>", self.take(of)),
            Ty::Page(of) | Ty::Expandable(of) => self.take(of),
            Ty::Named(id) => self.names[*id].clone(),
        }
    }

    /// The variant of a choice.
    pub(super) fn choice(&self, all: &[Ty], ty: &Ty) -> String {
        let is_params =
            |id: TypeId| matches!(self.api.types[id].body, Body::Params(_) | Body::Choice(_));
        let several = all
            .iter()
            .filter_map(Ty::named)
            .filter(|id| is_params(*id))
            .count()
            > 1;
        let plain = match ty {
            Ty::Named(id) if is_params(*id) && several => return self.names[*id].clone(),
            Ty::Named(id) if !is_params(*id) => "Word",
            Ty::Str | Ty::Decimal => "Text",
            Ty::Int | Ty::Int64 => "Integer",
            Ty::Float => "Number",
            Ty::Bool => "Flag",
            Ty::List(_) => "Several",
            _ => "Fields",
        };
        plain.to_owned()
    }
}

/// The table that a type is written to.
fn table_of(body: &Body) -> &'static str {
    match body {
        Body::View(_) => "view",
        Body::Union(_) => "union_view",
        Body::Params(_) => "params",
        Body::Choice(_) => "choice",
        Body::Enum(_) => "open_enum",
    }
}

fn part(of: &Type) -> String {
    let source = lock::source(of);
    let others = match of.uses.len() - 1 {
        0 => String::new(),
        1 => " and one other place".to_owned(),
        n => format!(" and {n} other places"),
    };
    match of.body {
        Body::Enum(_) => format!("    /// Words of `{source}`{others}.\n"),
        Body::Params(_) | Body::Choice(_) => {
            format!("    /// Parameters of `{source}`{others}.\n")
        }
        _ => format!("    /// The part `{source}`{others}.\n"),
    }
}

fn presence(field: &Field) -> &'static str {
    match (field.nullable, field.required) {
        (true, _) => "Nullable",
        (false, true) => "Required",
        (false, false) => "Optional",
    }
}

/// Variants for words, which are in order, with their places; where two would be equal the later one
/// gets a number.
pub(super) fn variants(words: &[String]) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let one = |(at, word): (usize, &String)| {
        let name = variant(word);
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        match *count {
            1 => format!("{name} = {at} {word:?}"),
            n => format!("{name}{n} = {at} {word:?}"),
        }
    };
    words.iter().enumerate().map(one).collect()
}

/// As many on a line as fit below an indent of eight.
fn rows(items: &[String]) -> String {
    wrap(items, "        ")
}

/// As many on a line as fit below an indent of four.
pub(super) fn packed(items: &[&str]) -> String {
    wrap(items, "    ")
}

fn wrap<T: AsRef<str>>(items: &[T], indent: &str) -> String {
    let mut out = String::new();
    let mut line = indent.to_owned();
    for item in items {
        let item = item.as_ref();
        let is_first = line.len() == indent.len();
        if !is_first && line.len() + 1 + item.len() + 1 >= WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = indent.to_owned();
        } else if !is_first {
            line.push(' ');
        }
        line.push_str(item);
        line.push(',');
    }
    format!("{out}{line}\n")
}
