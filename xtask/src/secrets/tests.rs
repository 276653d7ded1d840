use super::*;

/// Letters and digits without a pattern. Keys are joined from parts, so that this file holds none.
const BODY: &str = "q7Rk2ZtW9sXv4LmN8pYb3HcJ6dFg5TeA";

fn tree(path: &str, text: &str, allow: &str) -> Tree {
    let mut tree = Tree::default();
    tree.insert(path, text);
    tree.insert(ALLOW, allow);
    tree
}

fn keys() -> Vec<(String, &'static str)> {
    let part = |prefix: &str, rest: &str| format!("{prefix}{rest}");
    vec![
        (part("sk_live_", BODY), "a Stripe live key"),
        (part("rk_live_", BODY), "a Stripe restricted live key"),
        (part("AIza", &format!("{BODY}-_x")), "a Google API key"),
        (part("whsec_", BODY), "a webhook secret"),
        (part("whsk_", BODY), "a webhook signing key"),
        (part("ghp_", &format!("{BODY}wxyz")), "a GitHub token"),
        (part("github_pat_", BODY), "a GitHub token"),
        (part("xoxb-", "123456789012-abcdef"), "a Slack token"),
        (part("AKIA", "Q7RK2ZTW9SXV4LMN"), "an AWS access key"),
        (
            format!(
                "{}.{}.{BODY}",
                part("eyJ", "hbGciOiJIUzI1NiJ9"),
                part("eyJ", "zdWIiOiIxIn0")
            ),
            "a JWT",
        ),
        (
            format!("{}PRIVATE KEY-----\n{BODY}", part("-----BEGIN ", "RSA ")),
            "a private key",
        ),
        (
            format!("{}PRIVATE KEY-----\\n{BODY}", "-----BEGIN "),
            "a private key",
        ),
    ]
}

#[test]
fn every_shape_is_found_once_and_not_shown_whole() {
    for (key, shape) in keys() {
        let found = check(&tree("docs/a.md", &format!("one\nkey = \"{key}\"\n"), ""));
        assert!(
            found.len() == 1 && found[0].line == 2 && found[0].message.contains(shape),
            "{shape}: {found:?}"
        );
        assert!(!found[0].message.contains(BODY), "{shape}");
    }
}

#[test]
fn words_and_placeholders_are_no_keys() {
    let token = ["eyJ", "hbGciOiJIUzI1NiJ9"].concat();
    for text in [
        "sk_live_...",
        "sk_test_0123456789",
        "whsec_your_secret_here",
        "whsec_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "whsec_",
        "AIzaShort",
        "disk_live_usage",
        "AKIASHORT",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYI",
        "-----BEGIN PRIVATE KEY-----",
        &token,
    ] {
        assert_eq!(check(&tree("docs/a.md", text, "")), [], "{text}");
    }
}

#[test]
fn an_entry_with_a_reason_permits() {
    for (key, _) in keys() {
        let prefix: String = key.chars().take(4).filter(|c| !c.is_whitespace()).collect();
        let allow = format!("# made for tests\ndocs/*.md  {prefix}*  # published by the vendor\n");
        assert_eq!(check(&tree("docs/a.md", &key, &allow)), [], "{prefix}");
    }
}

#[test]
fn an_entry_permits_its_path_and_pattern_alone() {
    let key = ["whsec_", BODY].concat();
    for allow in ["src/*  whsec_*  # why", "docs/a.md  whsec_*zzz  # why"] {
        let found = check(&tree("docs/a.md", &key, allow));
        assert_eq!(
            found.len(),
            2,
            "the key, and the entry that matches nothing: {found:?}"
        );
    }
}

#[test]
fn an_entry_that_says_too_little_is_refused() {
    let key = ["whsec_", BODY].concat();
    for (allow, words) in [
        ("docs/a.md  whsec_*", "has no reason"),
        ("docs/a.md  whsec_*  #  ", "has no reason"),
        ("docs/a.md  *  # why", "permits any key"),
        ("docs/a.md  # why", "is not `path-glob"),
    ] {
        let found = check(&tree("docs/a.md", &key, allow));
        assert!(
            found.len() == 2 && found[0].message.contains(words),
            "{allow}: {found:?}"
        );
    }
}

#[test]
fn an_entry_that_matches_nothing_is_refused() {
    let found = check(&tree("docs/a.md", "", "docs/a.md  whsec_*  # why"));
    assert_eq!(
        found[0].to_string(),
        "xtask/secrets.allow:1: matches nothing: remove it"
    );
}
