//! Keys and values that are not taken, and with which words.

use super::*;

#[test]
fn an_unknown_key_is_named_with_the_nearest_one() {
    refused(&[
        (
            "lisen = 1",
            &["unknown key `lisen`", "did you mean `listen`"],
        ),
        ("routs = []", &["`routs`", "`routes`"]),
        ("[store]\ncomit = 1", &["`comit` in `store`", "`commit`"]),
        ("[source.stripe]", &["`source`", "`sources`"]),
        (
            "[sources.a]\nscheme = \"stripe\"\nsecret = \"env:STRIPE\"",
            &["`secret` in `sources.a`", "`secrets`"],
        ),
        (
            "[sources.a]\nscheme = \"hmac\"\nsecrets = [\"env:STRIPE\"]\n[sources.a.hmac]\nid-header = \"x\"",
            &["`id-header` in `sources.a.hmac`", "`id_header`"],
        ),
        (
            "[sources.a]\nscheme = \"stripe\"\nsecrets = [{ from = \"env:STRIPE\", until = 1 }]",
            &["`until` in `sources.a.secrets`"],
        ),
        (
            &format!("{STRIPE}{BILLING}max_atempts = 1"),
            &["`max_atempts` in `routes.billing`", "`max_attempts`"],
        ),
        (
            &format!("{STRIPE}[[routes]]\nnme = \"billing\""),
            &["`nme` in `routes[1]`", "`name`"],
        ),
    ]);
}

#[test]
fn a_wrong_value_at_the_top_names_the_key_and_the_rule() {
    refused(&[
        (
            "listen = 8787",
            &[
                "`listen` must be an address",
                "127.0.0.1:8787",
                "not a number",
            ],
        ),
        (
            "listen = \"localhost\"",
            &["`listen` must be an address and a port"],
        ),
        ("data_dir = \"\"", &["`data_dir` must name a folder"]),
        (
            "data_dir = []",
            &["`data_dir` must be a text", "not a list"],
        ),
        (
            "log = \"inof\"",
            &["`log` must be one of", "did you mean \"info\"?"],
        ),
        (
            "max_body_bytes = \"1\"",
            &["`max_body_bytes` must be a whole number", "not a text"],
        ),
        ("max_body_bytes = 1.5", &["not a fraction"]),
        ("max_body_bytes = true", &["not true or false"]),
        (
            "max_body_bytes = -1",
            &["`max_body_bytes` must be a whole number from 1 to 8388608"],
        ),
        ("store = 1", &["`store` must be a table"]),
        (
            "[store]\ncommit = \"batch\"",
            &["`store.commit` must be one of \"group\", \"event\""],
        ),
        (
            "[store]\nsynchronous = \"off\"",
            &["`store.synchronous` must be one of", "\"normal\""],
        ),
        ("sources = []", &["`sources` must be a table"]),
        ("[sources]\na = 1", &["`sources.a` must be a table"]),
        ("routes = 1", &["`routes` must be a list of tables"]),
        ("routes = [1]", &["`routes` must be a list of tables"]),
    ]);
}

#[test]
fn a_wrong_source_names_the_key_and_the_rule() {
    refused(&[
        (
            "[sources.stripe]\nsecrets = [\"env:STRIPE\"]",
            &["`sources.stripe.scheme` is missing"],
        ),
        (
            "[sources.a]\nscheme = \"stripe\"",
            &["`sources.a.secrets` is missing", "env:NAME"],
        ),
        (
            "[sources.a]\nscheme = \"stripe\"\nsecrets = []",
            &["`sources.a.secrets` must have 1 to"],
        ),
        (
            "[sources.a]\nscheme = \"stripe\"\nsecrets = \"env:STRIPE\"",
            &["must be a list in brackets"],
        ),
        (
            "[sources.a]\nscheme = \"stripe\"\nsecrets = [1]",
            &["must be a list of", "not a number"],
        ),
        (
            "[sources.a]\nscheme = \"strip\"\nsecrets = [\"env:STRIPE\"]",
            &["`sources.a.scheme`", "did you mean `stripe`"],
        ),
        ("[sources.\"a b\"]", &["`sources.a b` must have a name of"]),
        ("[sources.a__b]", &["must have a name of"]),
    ]);
}

#[test]
fn a_wrong_route_names_the_key_and_the_rule() {
    let route = |line: &str| format!("{STRIPE}{BILLING}{line}");
    refused(&[
        (
            &route("max_attempts = 0"),
            &["`routes.billing.max_attempts`", "from 1 to 1000"],
        ),
        (
            &route("backoff_base_ms = 10\nbackoff_cap_ms = 9"),
            &["`routes.billing.backoff_cap_ms` must be at least"],
        ),
        (
            &route("events = \"*\""),
            &["`routes.billing.events` must be a list in brackets"],
        ),
        (
            &route("events = []"),
            &["`routes.billing.events` must have 1 to"],
        ),
        (
            &route("events = [1]"),
            &["`routes.billing.events` must be a list of texts"],
        ),
        (
            &route("events = [\"a?\"]"),
            &["`*` for any text and no other wildcard", "`a?` is not"],
        ),
        (&route("events = [\"\"]"), &["no other wildcard"]),
        (
            &route("order_by = \"data\""),
            &["`routes.billing.order_by` must be a JSON pointer"],
        ),
        (
            &route("order_by = \"/a~2b\""),
            &["must be a JSON pointer", "`~0`"],
        ),
        (&route("order_by = \"\""), &["must be a JSON pointer"]),
        (
            &format!("{STRIPE}[[routes]]\nsource = \"stripe\""),
            &["`routes[1].name` is missing"],
        ),
        (
            &format!("{STRIPE}[[routes]]\nname = \"a/b\""),
            &["`routes[1].name` must have a name of"],
        ),
        (
            &format!("{STRIPE}[[routes]]\nname = \"a\""),
            &["`routes.a.source` is missing"],
        ),
        (
            &format!("{STRIPE}[[routes]]\nname = \"a\"\nsource = \"stripe\""),
            &["`routes.a.url` is missing"],
        ),
        (
            &format!("{STRIPE}{BILLING}{BILLING}"),
            &["two routes are named `billing`"],
        ),
        (
            &BILLING.replace("stripe", "strip").replacen("", STRIPE, 1),
            &[
                "`routes.billing.source`",
                "unknown source `strip`",
                "did you mean `stripe`",
            ],
        ),
        (
            BILLING,
            &["unknown source `stripe`", "there is no [sources.NAME]"],
        ),
    ]);
}

#[test]
fn an_address_of_a_destination_is_checked() {
    for (url, word) in [
        ("ftp://h/", "must begin with http:// or https://"),
        ("file:///etc/passwd", "must begin with http"),
        ("h/hooks", "must be an address"),
        ("http://", "must be an address"),
        ("https://user@h/", "no user or password"),
        ("https://:pass@h/", "no user or password"),
        ("https://h/#a", "no #fragment"),
    ] {
        let text =
            format!("{STRIPE}[[routes]]\nname = \"a\"\nsource = \"stripe\"\nurl = \"{url}\"");
        let error = load(&text).unwrap_err();
        assert!(error.message().contains(word), "{url}: {error}");
        assert!(error.message().contains("`routes.a.url`"), "{url}: {error}");
        assert!(!error.to_string().contains("pass@"), "{error}");
    }
}

#[test]
fn an_hmac_table_goes_with_its_scheme_only() {
    let hmac = "scheme = \"hmac\"\nsecrets = [\"env:STRIPE\"]\n";
    refused(&[
        (
            &format!("[sources.a]\n{hmac}"),
            &["`sources.a.scheme`", "needs a table [sources.a.hmac]"],
        ),
        (
            &format!("{STRIPE}[sources.stripe.hmac]"),
            &["`sources.stripe.hmac` goes with scheme = \"hmac\" only"],
        ),
        (
            &format!("[sources.a]\n{hmac}[sources.a.hmac]\nalgorithm = \"md5\""),
            &["`sources.a.hmac.algorithm` must be one of \"sha256\""],
        ),
        (
            &format!("[sources.a]\n{hmac}[sources.a.hmac]\nheader = 1"),
            &["`sources.a.hmac.header` must be a text"],
        ),
        (
            &format!("[sources.a]\n{hmac}[sources.a.hmac]\ncontent = \"{{timestamp}}\""),
            &["`sources.a` cannot be used", "content"],
        ),
        (
            &format!("[sources.a]\n{hmac}[sources.a.hmac]\ncontent = \"{{timestamp}}.{{body}}\""),
            &["`sources.a` cannot be used", "timestamp_header"],
        ),
    ]);
    let text =
        format!("[sources.a]\n{hmac}[sources.a.hmac]\nencoding = \"base64\"\nid_pointer = \"/id\"");
    let config = load(&text).unwrap();
    let Scheme::Hmac(read) = &config.sources[0].scheme else {
        panic!("{:?}", config.sources[0].scheme);
    };
    assert_eq!(
        (read.encoding, read.id_pointer.as_deref()),
        (HmacEncoding::Base64, Some("/id"))
    );
}
