//! What is wrong with a file, in words that name the field and the nearest right one.

/// Names that the standards, or other libraries, have for what a preset calls otherwise.
const OTHERWISE: [(&str, &str); 13] = [
    ("authorization_endpoint", "authorize"),
    ("token_endpoint", "token"),
    ("device_authorization_endpoint", "device"),
    ("pushed_authorization_request_endpoint", "par"),
    ("revocation_endpoint", "revoke"),
    ("introspection_endpoint", "introspect"),
    ("userinfo_endpoint", "userinfo"),
    ("end_session_endpoint", "end_session"),
    ("jwks_uri", "jwks"),
    ("token_endpoint_auth_method", "auth"),
    ("client_secret_basic", "basic"),
    ("client_secret_post", "post"),
    ("tls_client_auth", "mtls"),
];

/// What is said of our client, which is the same file for everybody.
const OF_CLIENT: [&str; 4] = ["client_id", "client_secret", "private_key", "redirect_uri"];

/// Tells of a field that a table at this path does not have.
pub(super) fn unknown<'a>(
    path: &str,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    if path.is_empty() && OF_CLIENT.contains(&name) {
        return format!(
            "{name} is of your client, not of the provider: give it to the builder, not in the preset"
        );
    }
    let hint = hint(name, known);
    format!("a preset has no field {path}{name}{hint}")
}

/// Names the nearest of those that are known.
pub(super) fn hint<'a>(given: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let lower = given.to_ascii_lowercase();
    let same = OTHERWISE.iter().find(|(other, _)| *other == lower);
    if let Some((_, name)) = same.filter(|(_, name)| known.clone().any(|known| known == *name)) {
        return format!(", did you mean {name}?");
    }
    let near = known.map(|name| (strsim::jaro_winkler(&lower, name), name));
    let nearest = near.max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((likeness, name)) if likeness > 0.75 => format!(", did you mean {name}?"),
        _ => String::new(),
    }
}

/// Says what serde says of a value with the field first, and without the words of Rust.
pub(super) fn value(said: &str) -> String {
    let said = one_line(said);
    let Some((text, field)) = said.rsplit_once(" in `") else {
        return said;
    };
    let field = field.trim_end_matches('`');
    let mut words = text.split('`').skip(1).step_by(2);
    if text.starts_with("unknown variant") {
        let given = words.next().unwrap_or_default();
        let hint = hint(given, words.clone());
        let known = words.collect::<Vec<_>>().join(", ");
        return format!("{field} must be one of {known}; not {given}{hint}");
    }
    if text.starts_with("unknown field") {
        let given = words.next().unwrap_or_default();
        return format!(
            "a preset has no field {field}.{given}{}",
            hint(given, words)
        );
    }
    let expected = text.rsplit_once("expected ").map_or(text, |(_, what)| what);
    let expected = match expected {
        "a sequence" => "a list, such as [\"a\", \"b\"]",
        "a map" => "a table",
        "a string" | "string only" => "a text",
        "a boolean" => "true or false",
        "u64" | "u16" => "a whole number from 0 on",
        "struct Refused" => "a list of tables, such as [{ error = \"invalid\" }]",
        of_rust if of_rust.starts_with("struct ") => "a table",
        other => other,
    };
    format!("{field} must be {expected}")
}

pub(super) fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
