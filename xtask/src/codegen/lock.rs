//! Names of types, kept over versions of the document by a lock file.
//!
//! A line is `name hash source`: the structure that has the name, and the first place that has the
//! structure. A type whose structure is in the lock keeps its name; one whose structure changed keeps
//! the name of the place; the others take the best name that is free, or the best with their kind.

use std::collections::{BTreeMap, BTreeSet};

use super::ir::{Api, Body, Type, TypeId};

/// Names that the crate uses for itself.
const RESERVED: [&str; 29] = [
    "Box",
    "Client",
    "Cursor",
    "Decimal",
    "Error",
    "Expandable",
    "Field",
    "FileParam",
    "Int64",
    "Int64Param",
    "List",
    "ListOf",
    "Map",
    "MapOf",
    "Node",
    "Op",
    "Option",
    "Params",
    "Presence",
    "Req",
    "Result",
    "Self",
    "Some",
    "String",
    "Value",
    "Vec",
    "View",
    "None",
    "Default",
];

/// The name of each type, by its id.
pub(super) fn names(api: &Api, lock: &str) -> Vec<String> {
    let mut by_hash = BTreeMap::new();
    let mut by_source = BTreeMap::new();
    for line in lock.lines() {
        if let [name, hash, source] = line.splitn(3, ' ').collect::<Vec<_>>()[..] {
            by_hash.insert(hash, name);
            by_source.insert(source, name);
        }
    }
    let mut names = vec![String::new(); api.types.len()];
    let mut taken: BTreeSet<String> = RESERVED.map(str::to_owned).into();
    let mut keep = |id: TypeId, name: Option<&&str>, names: &mut Vec<String>| {
        if let Some(name) = name
            && names[id].is_empty()
            && taken.insert((*name).to_owned())
        {
            names[id] = (*name).to_owned();
        }
    };
    for (id, of) in api.types.iter().enumerate() {
        keep(id, by_hash.get(hash(of).as_str()), &mut names);
    }
    for (id, of) in api.types.iter().enumerate() {
        keep(id, by_source.get(source(of)), &mut names);
    }
    let mut open: Vec<TypeId> = (0..names.len())
        .filter(|id| names[*id].is_empty())
        .collect();
    open.sort_by_key(|id| {
        let of = &api.types[*id];
        let rank = rank(of);
        (rank, std::cmp::Reverse(of.uses.len()), source(of))
    });
    for id in open {
        let wishes = wishes(&api.types[id]);
        let best = wishes.first().map_or("Type", |w| w);
        let by_kind = format!("{best}{}", kind(&api.types[id].body));
        let numbered = (2..).map(|n| format!("{by_kind}{n}"));
        let name = wishes
            .iter()
            .cloned()
            .chain([by_kind.clone()])
            .chain(numbered)
            .find(|w| !taken.contains(w));
        let name = name.unwrap_or_default();
        taken.insert(name.clone());
        names[id] = name;
    }
    names
}

/// What tells a type from another of the same name.
fn kind(body: &Body) -> &'static str {
    match body {
        Body::View(_) => "Object",
        Body::Union(_) => "Union",
        Body::Enum(_) => "Word",
        Body::Params(_) => "Fields",
        Body::Choice(_) => "OneOf",
    }
}

/// The lock file of these names.
pub(super) fn write(api: &Api, names: &[String]) -> String {
    let line = |(of, name): (&Type, &String)| format!("{name} {} {}\n", hash(of), source(of));
    let lines: BTreeSet<String> = api.types.iter().zip(names).map(line).collect();
    lines.into_iter().collect()
}

fn hash(of: &Type) -> String {
    format!("{:016x}", of.hash)
}

/// The first place in the order of their names.
pub(super) fn source(of: &Type) -> &str {
    of.uses
        .iter()
        .map(|u| u.source.as_str())
        .min()
        .unwrap_or_default()
}

/// Objects of the reference choose first, then what is answered, then what is asked.
fn rank(of: &Type) -> u8 {
    match of.body {
        _ if of.resource.is_some() => 0,
        Body::View(_) | Body::Union(_) => 1,
        // The parameters of a whole operation have two names only.
        Body::Params(_) if of.uses.iter().any(|u| u.names.len() == 2) => 2,
        Body::Params(_) | Body::Choice(_) => 3,
        Body::Enum(_) => 4,
    }
}

/// Names for the type, the best first.
fn wishes(of: &Type) -> Vec<String> {
    let mut counts: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for place in &of.uses {
        for (level, name) in place.names.iter().enumerate() {
            // A bare field name says too little of an enum.
            let bare = matches!(of.body, Body::Enum(_)) && place.names.len() == 3 && level == 0;
            let level = match (rank(of), place.names.len()) {
                _ if bare => 9,
                (2, 2) => level,
                (2, _) => level + 4,
                _ => level,
            };
            *counts.entry((level, name)).or_default() += 1;
        }
    }
    let mut wishes: Vec<_> = counts.into_iter().collect();
    wishes.sort_by_key(|((level, name), count)| {
        let by_use = matches!(of.body, Body::Params(_) | Body::Choice(_));
        let count = if by_use { *count } else { 0 };
        (*level, std::cmp::Reverse(count), name.len(), *name)
    });
    wishes
        .into_iter()
        .map(|((_, name), _)| name.to_owned())
        .collect()
}
