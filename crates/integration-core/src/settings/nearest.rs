//! The word that was probably meant.

/// Characters of a word that are looked at; no name of ours is longer.
const MAX_CHARS: usize = 64;

/// Returns the known word nearest to `word`, whatever its distance.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = short(word).to_lowercase();
    known
        .into_iter()
        .min_by_key(|other| strsim::damerau_levenshtein(&word, other))
}

/// Returns the known path nearest to `path`: also one that ends alike, as a forgotten section is a
/// mistake as common as a wrong letter.
pub(super) fn nearest_path<'a>(
    path: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let path = short(path).to_lowercase();
    let distance = |other: &&str| {
        let whole = strsim::damerau_levenshtein(&path, other);
        let ends = 1 + strsim::damerau_levenshtein(last(&path), last(other));
        whole.min(ends)
    };
    known.into_iter().min_by_key(distance)
}

/// Returns a word as a message may show it: one line, not too long.
pub(super) fn shown(word: &str) -> String {
    let c = |c: char| if c.is_control() { ' ' } else { c };
    short(word).chars().map(c).collect()
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn short(word: &str) -> String {
    word.chars().take(MAX_CHARS).collect()
}
