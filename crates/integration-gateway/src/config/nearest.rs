//! The word that was probably meant.

/// Returns the known word nearest to `word`, whatever its distance.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let short: String = word.chars().take(64).collect::<String>().to_lowercase();
    known
        .into_iter()
        .min_by_key(|other| strsim::damerau_levenshtein(&short, &other.to_lowercase()))
}

/// Returns `word` as a message may show it: quoted, at most 40 characters, one line.
pub(super) fn shown(word: &str) -> String {
    let short: String = word
        .chars()
        .take(40)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("`{short}`")
}
