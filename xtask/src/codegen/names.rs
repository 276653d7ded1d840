//! Words of the document as names in Rust.

/// Words that Rust keeps for itself and that a raw identifier can stand for.
const KEYWORDS: [&str; 39] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "override", "priv", "pub", "ref", "return", "static", "try",
    "type", "use", "virtual", "while", "yield",
];

/// `checkout.session` and `checkout_session` become `CheckoutSession`.
pub(super) fn pascal(text: &str) -> String {
    let mut out = String::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut chars = word.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

/// `checkout.session` becomes `checkout_session`.
pub(super) fn snake(text: &str) -> String {
    text.replace(['.', '-'], "_")
}

/// The name of a field or method; keywords get `r#`.
pub(super) fn ident(name: &str) -> String {
    if KEYWORDS.contains(&name) {
        return format!("r#{name}");
    }
    name.to_owned()
}

/// The variant for a word of an enum. `Unknown` is kept for words that are not known.
pub(super) fn variant(word: &str) -> String {
    let lowered = if word.chars().any(|c| c.is_ascii_lowercase()) {
        word.to_owned()
    } else {
        word.to_ascii_lowercase()
    };
    let name = pascal(&lowered.replace('+', " Plus "));
    match name.as_str() {
        "" if word == "*" => "All".to_owned(),
        "" => "Empty".to_owned(),
        "Unknown" | "Self" => format!("{name}Word"),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => format!("V{name}"),
        _ => name,
    }
}

/// The singular of a noun of the paths.
pub(super) fn singular(noun: &str) -> String {
    const KEPT: [&str; 7] = [
        "settings", "status", "details", "address", "features", "series", "sms",
    ];
    if KEPT.iter().any(|kept| noun.ends_with(kept)) {
        return noun.to_owned();
    }
    if noun == "people" {
        return "person".to_owned();
    }
    for (end, with) in [("ies", "y"), ("sses", "ss"), ("xes", "x"), ("s", "")] {
        if let Some(stem) = noun.strip_suffix(end)
            && !noun.ends_with("ss")
        {
            return format!("{stem}{with}");
        }
    }
    noun.to_owned()
}

/// FNV-1a, 64 bits: the same in every version of Rust.
pub(super) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_names() {
        assert_eq!(
            pascal("v2.core.event_destination"),
            "V2CoreEventDestination"
        );
        assert_eq!(ident("type"), "r#type");
        assert_eq!(variant("unknown"), "UnknownWord");
        assert_eq!(variant("3ds"), "V3ds");
        assert_eq!(variant("*"), "All");
        assert_eq!(variant("US"), "Us");
    }

    #[test]
    fn nouns_become_singular() {
        for (many, one) in [
            ("charges", "charge"),
            ("tax_ids", "tax_id"),
            ("entries", "entry"),
            ("balance_settings", "balance_settings"),
            ("persons", "person"),
            ("people", "person"),
        ] {
            assert_eq!(singular(many), one);
        }
    }

    #[test]
    fn the_hash_is_that_of_the_standard() {
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
    }
}
