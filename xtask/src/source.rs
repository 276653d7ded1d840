//! Just enough of Rust's lexical rules to look at code without its comments and strings.

/// What a stretch of source text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Text,
}

/// Replaces comments and the inside of strings by spaces, byte for byte, so that line numbers and
/// offsets stay true.
pub(crate) fn code_only(source: &str) -> String {
    masked(source, |kind| kind == Kind::Code)
}

/// Replaces comments by spaces and keeps strings.
pub(crate) fn without_comments(source: &str) -> String {
    masked(source, |kind| kind != Kind::Comment)
}

/// Code without strings, comments and `#[cfg(test)]` items.
pub(crate) fn code_without_tests(source: &str) -> String {
    let mut code = code_only(source).into_bytes();
    for (start, end) in test_items(source) {
        blank(&mut code, start, end);
    }
    String::from_utf8_lossy(&code).into_owned()
}

/// Counts the lines that are not in a `#[cfg(test)]` item.
pub(crate) fn lines_without_tests(source: &str) -> usize {
    let skipped: usize = test_items(source)
        .into_iter()
        .map(|(start, end)| line_of(source, end) - line_of(source, start) + 1)
        .sum();
    source.lines().count().saturating_sub(skipped)
}

/// The text of all `#[cfg(test)]` items.
pub(crate) fn tests_only(source: &str) -> String {
    test_items(source)
        .into_iter()
        .filter_map(|(start, end)| source.get(start..end))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether an offset lies in a `#[cfg(test)]` item.
pub(crate) fn is_in_test(source: &str, offset: usize) -> bool {
    test_items(source)
        .iter()
        .any(|(start, end)| (*start..=*end).contains(&offset))
}

/// The line, from 1, of a byte offset.
pub(crate) fn line_of(source: &str, offset: usize) -> usize {
    1 + source
        .as_bytes()
        .iter()
        .take(offset)
        .filter(|b| **b == b'\n')
        .count()
}

/// The offset of the bracket that closes the one at `open`, in text from [`code_only`].
pub(crate) fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (i, b) in code.bytes().enumerate().skip(open) {
        match b {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

/// From `#[cfg(test)]` to the brace or semicolon that ends its item.
fn test_items(source: &str) -> Vec<(usize, usize)> {
    let code = code_only(source);
    let mut items: Vec<(usize, usize)> = Vec::new();
    for (start, mark) in code.match_indices("#[cfg(test)]") {
        if items.last().is_some_and(|(_, end)| start < *end) {
            continue;
        }
        let body = start + mark.len();
        let ends = code
            .bytes()
            .enumerate()
            .skip(body)
            .find(|(_, b)| matches!(b, b'{' | b';'));
        match ends {
            Some((open, b'{')) => items.push((start, closing(&code, open).unwrap_or(code.len()))),
            Some((end, _)) => items.push((start, end)),
            None => {}
        }
    }
    items
}

fn masked(source: &str, keep: impl Fn(Kind) -> bool) -> String {
    let mut out = source.as_bytes().to_vec();
    let mut at = 0;
    while at < out.len() {
        let (kind, end) = next(source.as_bytes(), at);
        if !keep(kind) {
            blank(&mut out, at, end.saturating_sub(1));
        }
        at = end;
    }
    // Whole characters are blanked, so what is left is UTF-8.
    String::from_utf8_lossy(&out).into_owned()
}

/// Blanks `from..=to`, line ends excepted.
fn blank(bytes: &mut [u8], from: usize, to: usize) {
    for b in bytes.iter_mut().take(to + 1).skip(from) {
        if *b != b'\n' {
            *b = b' ';
        }
    }
}

/// What begins at `at`, and where it ends.
fn next(source: &[u8], at: usize) -> (Kind, usize) {
    let rest = source.get(at..).unwrap_or_default();
    if rest.starts_with(b"//") {
        return (
            Kind::Comment,
            at + position(rest, b"\n").unwrap_or(rest.len()),
        );
    }
    if rest.starts_with(b"/*") {
        return (Kind::Comment, at + block_comment(rest));
    }
    if let Some(hashes) = raw_string(source, at) {
        let close: Vec<u8> = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
        let body = hashes + 2;
        let end = position(rest.get(body..).unwrap_or_default(), &close);
        return (
            Kind::Text,
            at + end.map_or(rest.len(), |e| body + e + close.len()),
        );
    }
    match rest.first() {
        Some(b'"') => (Kind::Text, at + quoted(rest, b'"')),
        Some(b'\'') if is_char(rest) => (Kind::Text, at + quoted(rest, b'\'')),
        _ => (Kind::Code, at + 1),
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth.saturating_sub(1), at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The number of hashes when a raw string begins here.
fn raw_string(source: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).and_then(|i| source.get(i)).copied();
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if source.get(at) != Some(&b'r') || before.is_some_and(|b| word(b) && b != b'b' && b != b'c') {
        return None;
    }
    let rest = source.get(at + 1..)?;
    let hashes = rest.iter().take_while(|b| **b == b'#').count();
    (rest.get(hashes) == Some(&b'"')).then_some(hashes)
}

/// The length of a quoted literal, quotes included.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(b) = rest.get(at) {
        match b {
            b'\\' => at += 2,
            b if *b == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Tells a character from a lifetime: a character is escaped, or closed after one.
fn is_char(rest: &[u8]) -> bool {
    let text = String::from_utf8_lossy(rest.get(1..6.min(rest.len())).unwrap_or_default());
    let mut chars = text.chars();
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_blanked_and_offsets_kept() {
        let source = "a // x\nb /* y /* z */ */ c \"s\\\"t\" r#\"u\"v\"# 'w' 'l: '\\'' é";
        let code = code_only(source);
        assert_eq!(code.len(), source.len());
        assert_eq!(
            code.split_whitespace().collect::<Vec<_>>(),
            ["a", "b", "c", "'l:", "é"]
        );
    }

    #[test]
    fn strings_stay_when_only_comments_go() {
        assert_eq!(without_comments("\"// a\" // b"), "\"// a\"     ");
    }

    #[test]
    fn items_of_tests_do_not_count() {
        let source = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\" }\n}\nfn c() {}\n";
        assert_eq!(lines_without_tests(source), 3);
        assert!(!code_without_tests(source).contains("fn b"));
        assert!(code_without_tests(source).contains("fn c"));
        assert_eq!(
            lines_without_tests("#[cfg(test)]\nmod tests;\nfn a() {}\n"),
            1
        );
    }

    #[test]
    fn brackets_close_across_kinds() {
        assert_eq!(closing("a([{}])b", 1), Some(6));
        assert_eq!(closing("(((", 0), None);
    }
}
