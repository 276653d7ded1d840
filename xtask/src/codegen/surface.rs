//! The review file: a line for each operation and each of its parameters, in plain text.

use std::fmt::Write;

use super::{
    emit::Emitter,
    ir::{Body, Field, TypeId},
};

/// Writes `NAME VERB PATH HOST -> ANSWER`, then `NAME PARAMETER TYPE`; `!` is required, `?` can be
/// unset. The parameters inside others follow at the end, under the names of their types.
pub(super) fn write(emit: &Emitter<'_>) -> String {
    let mut out = String::new();
    let mut operations: Vec<_> = emit.api.operations.iter().collect();
    operations.sort_by_key(|operation| operation.name());
    for operation in &operations {
        let host = match operation.kind {
            "upload" | "download" => "files",
            "meter" => "meter-events",
            _ => "api",
        };
        let name = operation.name();
        let verb = operation.verb.to_uppercase();
        let answer = emit.read(&operation.answer);
        let _ = writeln!(out, "{name} {verb} {} {host} -> {answer}", operation.path);
        if let Some(id) = operation.params {
            out.push_str(&fields(emit, &name, id));
        }
    }
    let whole: Vec<TypeId> = operations.iter().filter_map(|o| o.params).collect();
    let mut inner: Vec<TypeId> = (0..emit.names.len())
        .filter(|id| !whole.contains(id))
        .collect();
    inner.sort_by_key(|id| &emit.names[*id]);
    for id in inner {
        out.push_str(&fields(emit, &emit.names[id], id));
    }
    out
}

fn fields(emit: &Emitter<'_>, owner: &str, id: TypeId) -> String {
    let Body::Params(fields) = &emit.api.types[id].body else {
        return String::new();
    };
    let line = |field: &Field| {
        let mark = if field.required { "!" } else { "" };
        let clear = if field.nullable { "?" } else { "" };
        format!(
            "{owner} {}{mark}{clear} {}\n",
            field.name,
            emit.take(&field.ty)
        )
    };
    fields.iter().map(line).collect()
}
