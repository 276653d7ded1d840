//! What may be shown of an address.

/// Returns `url` without user, password, query and fragment.
///
/// Works on anything that looks like an address, valid or not, and never fails: what cannot be
/// understood is cut rather than shown.
#[must_use]
pub fn url(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (shown, _) = url.split_at(end);
    let start = shown
        .find("//")
        .filter(|at| ends_scheme(shown.split_at(*at).0));
    let (scheme, rest) = shown.split_at(start.map_or(0, |at| at + 2));
    let (authority, path) = rest.split_at(rest.find(['/', '\\']).unwrap_or(rest.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}{host}{path}")
}

/// Whether two slashes after this text begin a host.
fn ends_scheme(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.is_empty()
        || text
            .strip_suffix(':')
            .is_some_and(|name| name.chars().all(letter))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::url;

    #[test]
    fn credentials_query_and_fragment_are_cut() {
        let rows = [
            ("https://h/p", "https://h/p"),
            ("https://u:p@h:8443/p?q=1#f", "https://h:8443/p"),
            ("https://u@h", "https://h"),
            ("https://a@b@h/x@y", "https://h/x@y"),
            ("https://h?u@q", "https://h"),
            ("/path?key=1", "/path"),
            ("/path//u@h", "/path//u@h"),
            ("//u:p@h/p?q", "//h/p"),
            ("u:p@h/p", "h/p"),
            ("u:p@h//p", "h//p"),
            ("http:u:p@h/p", "h/p"),
            ("no address", "no address"),
            ("", ""),
        ];
        for (full, shown) in rows {
            assert_eq!(url(full), shown, "{full}");
        }
    }

    proptest! {
        #[test]
        fn nothing_after_a_question_mark_is_shown(before in "\\PC*", after in "[a-z]{8,20}") {
            let shown = url(&format!("{}?{after}", before.replace('?', "")));
            prop_assert!(!shown.contains(&after) || before.contains(&after));
        }
    }
}
