//! What may be shown of an address.

/// Returns `url` without user, password, query and fragment.
///
/// Works on anything that looks like an address, valid or not, and never fails: what cannot be
/// understood is cut rather than shown.
#[must_use]
pub fn url(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (shown, _) = url.split_at(end);
    let Some((scheme, rest)) = shown.split_once("://") else {
        return shown.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
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
