//! What the docs of getters and setters say: what the document tells in types and formats. Its
//! descriptions are not copied.

use serde_json::Value;

use super::{
    emit::Emitter,
    ir::{Body, Field, Ty},
};

/// Words of an enum that are listed; of one with more the doc of its type has them.
const MAX_WORDS: usize = 6;

/// What a format or a length says beyond the type; empty when there is nothing.
pub(super) fn note(schema: &Value) -> String {
    let plain = match schema["format"].as_str() {
        Some("unix-time") => "Seconds since 1970",
        Some("currency") => "A currency, three letters in lower case",
        Some("decimal") => "A decimal number as text",
        Some("date-time") => "A time as RFC 3339 has it",
        _ => match schema["maxLength"].as_u64() {
            Some(most) => return format!("Text of at most {most} characters"),
            None => "",
        },
    };
    plain.to_owned()
}

impl Emitter<'_> {
    /// The doc of a getter, as a literal.
    pub(super) fn getter_doc(&self, field: &Field) -> String {
        let what = if field.note.is_empty() || field.note.starts_with("Text of") {
            self.answered(&field.ty)
        } else {
            field.note.clone()
        };
        let when = match (field.nullable, field.required) {
            (true, _) => "may be `null`",
            (false, true) => "always there",
            (false, false) => "may be missing",
        };
        format!("{:?}", format!("{what}; {when}."))
    }

    /// The doc of a setter, as a literal.
    pub(super) fn setter_doc(&self, field: &Field) -> String {
        // A length is that of text, which an enum has too.
        let is_of_text = field.note.starts_with("Text of");
        let what = match field.note.as_str() {
            note if !note.is_empty() && (field.ty == Ty::Str || !is_of_text) => note.to_owned(),
            _ => self.asked(&field.ty),
        };
        format!("{:?}", format!("Sets `{}`. {what}.", field.name))
    }

    fn answered(&self, ty: &Ty) -> String {
        let plain = match ty {
            Ty::Expandable(_) => "An id, or the object where the call expanded it",
            Ty::Page(_) => "The first page of a list",
            Ty::Any | Ty::File => "Any JSON",
            Ty::List(of) => return format!("Several, each: {}", lower(&self.answered(of))),
            Ty::Map(of) => return format!("By key: {}", lower(&self.answered(of))),
            Ty::Named(id) => match &self.api.types[*id].body {
                Body::Enum(words) => return listed(words),
                Body::Union(_) => "One of several objects",
                _ => "An object",
            },
            plain => return plainly(plain).to_owned(),
        };
        plain.to_owned()
    }

    fn asked(&self, ty: &Ty) -> String {
        let plain = match ty {
            Ty::Any => "Parameters by name",
            Ty::File => "A file",
            Ty::List(of) => return format!("Several, each: {}", lower(&self.asked(of))),
            Ty::Map(of) => return format!("By key of yours: {}", lower(&self.asked(of))),
            Ty::Named(id) => match &self.api.types[*id].body {
                Body::Enum(words) => return listed(words),
                Body::Choice(_) => "One of several types",
                _ => "Parameters",
            },
            plain => return plainly(plain).to_owned(),
        };
        plain.to_owned()
    }
}

fn plainly(ty: &Ty) -> &'static str {
    match ty {
        Ty::Int => "An integer",
        Ty::Int64 => "A 64-bit integer, which is sent as text",
        Ty::Float => "A number",
        Ty::Bool => "`true` or `false`",
        Ty::Decimal => "A decimal number as text",
        _ => "Text",
    }
}

fn listed(words: &[String]) -> String {
    let marked = |word: &String| format!("`{word}`");
    match words {
        [rest @ .., last] if words.len() <= MAX_WORDS => {
            let rest: Vec<String> = rest.iter().map(marked).collect();
            format!("{} or {}", rest.join(", "), marked(last))
        }
        words => format!("One of {} words", words.len()),
    }
}

fn lower(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_says_more_than_a_length() {
        let of = |schema| note(&schema);
        assert_eq!(
            of(serde_json::json!({"format": "unix-time"})),
            "Seconds since 1970"
        );
        assert_eq!(
            of(serde_json::json!({"format": "currency", "maxLength": 3})),
            "A currency, three letters in lower case"
        );
        assert_eq!(
            of(serde_json::json!({"maxLength": 22})),
            "Text of at most 22 characters"
        );
        assert_eq!(of(serde_json::json!({"type": "integer"})), "");
    }

    #[test]
    fn few_words_are_listed_and_many_are_counted() {
        let words = |count: usize| -> Vec<String> { (0..count).map(|n| format!("w{n}")).collect() };
        assert_eq!(listed(&words(3)), "`w0`, `w1` or `w2`");
        assert_eq!(listed(&words(MAX_WORDS + 1)), "One of 7 words");
    }
}
