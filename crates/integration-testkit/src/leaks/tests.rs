use std::fs;

use http::{HeaderMap, HeaderValue};

use super::{noted, search};

fn headers<const N: usize>(pairs: [(&'static str, &'static str); N]) -> HeaderMap {
    pairs
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .into_iter()
        .collect()
}

fn all(of: impl FnOnce(&mut dyn FnMut(&str, &str))) -> Vec<String> {
    let mut all = Vec::new();
    of(&mut |name, secret| all.push(format!("{name}={secret}")));
    all
}

#[test]
fn the_secrets_of_a_request_are_those_of_its_query_headers_and_body() {
    let sent = headers([
        ("authorization", "Basic YXBwOnMlMkZ0"),
        ("cookie", "a=one; b=two"),
        ("dpop", "proof"),
        ("accept", "nothing"),
    ]);
    let found = all(|take| noted::of_request("/x?state=S&page=1", &sent, b"code=C%2F1&a=b", take));
    let expected = [
        "state=S",
        "code=C/1",
        "authorization=YXBwOnMlMkZ0",
        "client_secret=s%2Ft",
        "client_secret=s/t",
        "cookie=one",
        "cookie=two",
        "dpop=proof",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_secrets_of_an_answer_are_those_of_its_members_redirect_and_cookies() {
    let sent = headers([
        ("location", "https://app.example.test/cb?code=C&iss=I"),
        ("set-cookie", "s=value; Path=/"),
    ]);
    let body =
        br#"{"access_token":"A","code":"an_error","also":[{"id_token":"I"}],"expires_in":1}"#;
    let found = all(|take| noted::of_answer(&sent, body, take));
    let expected = ["access_token=A", "id_token=I", "code=C", "cookie=value"];
    assert_eq!(found, expected);
}

#[test]
fn a_secret_is_found_as_it_is_encoded_and_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "noted-1",
        "[\"a\",\"plain-and-long\"]\n[\"b\",\"with space & quote \\\"\"]\n",
    );
    let exchange = r#"{"target":"/t?state=0123456789abcdef","sent":{"headers":[["dpop","the-proof-of-it"]],"body":"code=short"},"answered":{"headers":[],"body":"{\"id_token\":\"the.id.token-1\"}"}}"#;
    write("wire-2", exchange);
    write("log-1", "nothing: plain-and-lon the-proof-of-i");
    let report = search::search(folder.path()).unwrap();
    assert_eq!(report.leaks(), [] as [&str; 0]);
    let counts = ["a", "b", "state", "dpop", "code", "id_token"].map(|kind| report.noted(kind));
    assert_eq!(counts, [1, 1, 1, 1, 0, 1]);
    assert_eq!(report.searched(), 37);

    let log =
        "x plain-and-long with+space+%26+quote+%22 \"with space & quote \\\"\" the.id.token-1";
    write("log-2", log);
    let report = search::search(folder.path()).unwrap();
    let leaks = report.leaks().iter();
    let kinds: Vec<&str> = leaks
        .filter_map(|leak| Some(leak.split_once(' ')?.0))
        .collect();
    assert_eq!(kinds, ["a", "b", "b", "id_token"], "{report:?}");

    write("log-3", super::log::CUT);
    assert!(search::search(folder.path()).is_err());
}
