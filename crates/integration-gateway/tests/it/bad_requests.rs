//! What senders may do wrong, on the wire.

use std::{
    io::Write as _,
    net::TcpStream,
    time::{Duration, Instant},
};

use integration_webhooks::Scheme;

use crate::served::{Place, SECRET, SOURCES, Served, answer, exchange, post_head};

const LIMIT: usize = 1000;

fn served() -> (Place, Served) {
    let top = format!("max_body_bytes = {LIMIT}\nhead_timeout_ms = 1000\nbody_timeout_ms = 1000");
    let place = Place::new(&top, SOURCES);
    let served = place.serve();
    (place, served)
}

fn json_of(bytes: usize) -> Vec<u8> {
    let mut body = br#"{"a":""#.to_vec();
    body.resize(bytes - 2, b'x');
    body.extend_from_slice(br#""}"#);
    body
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    for chunk in body.chunks(100) {
        write!(sent, "{:x}\r\n", chunk.len()).unwrap();
        sent.extend_from_slice(chunk);
        sent.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(b"0\r\n\r\n");
    sent
}

#[test]
fn an_unknown_place_is_404_and_another_method_405() {
    let (_place, served) = served();
    for (request, status) in [
        ("POST /in/nobody", 404),
        ("POST /in/", 404),
        ("POST /in/github/", 404),
        ("POST /", 404),
        ("GET /in/nobody", 404),
        ("GET /in/github", 405),
        ("PUT /in/github", 405),
        ("GET /api/stats", 404),
    ] {
        let raw = format!("{request} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = exchange(served.public, raw.as_bytes());
        assert_eq!(answer.status, status, "{request}: {answer:?}");
        assert_eq!(
            answer.head.contains("allow: post"),
            status == 405,
            "{request}"
        );
    }
}

#[test]
fn a_body_is_taken_up_to_the_limit_and_refused_beyond_chunked_or_not() {
    let (_place, served) = served();
    for (bytes, status) in [(LIMIT, 200), (LIMIT + 1, 413), (LIMIT * 100, 413)] {
        let body = json_of(bytes);
        assert_eq!(
            served.post(&Scheme::GitHub, &body).status,
            status,
            "{bytes}"
        );

        let body = json_of(bytes).to_ascii_uppercase();
        let head = post_head(&Scheme::GitHub, &body, "transfer-encoding: chunked\r\n");
        let sent = [head.as_bytes(), &chunked(&body)].concat();
        assert_eq!(
            exchange(served.public, &sent).status,
            status,
            "{bytes} in chunks"
        );
    }
    assert_eq!(served.stats()["events"], 2);
}

#[test]
fn what_does_not_verify_is_told_nothing_that_helps() {
    let (_place, served) = served();
    let body = br#"{"action":"opened"}"#;
    let length = format!("content-length: {}\r\n", body.len());
    let good = post_head(&Scheme::GitHub, body, &length);
    let signature = good
        .lines()
        .find(|line| line.starts_with("x-hub-signature-256"));
    let signature = signature.unwrap();
    let tampered = good.replacen("sha256=", "sha256=00", 1);
    for (what, head) in [
        ("missing", good.replace(&format!("{signature}\r\n"), "")),
        (
            "garbled",
            good.replace(signature, "x-hub-signature-256: !!!"),
        ),
        ("too long", tampered),
        (
            "twice",
            good.replace(signature, &format!("{signature}\r\n{signature}")),
        ),
        ("empty", good.replace(signature, "x-hub-signature-256:")),
        (
            "of another",
            good.replace(
                signature,
                &format!("x-hub-signature-256: sha256={}", "0".repeat(64)),
            ),
        ),
    ] {
        let answer = exchange(served.public, &[head.as_bytes(), body].concat());
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        assert!(
            [
                "signature headers missing or malformed",
                "signature does not match"
            ]
            .contains(&answer.body.as_str()),
            "{what}: {answer:?}"
        );
    }
    assert_eq!(served.stats()["events"], 0);
    assert_eq!(served.post(&Scheme::GitHub, body).status, 200);
    let (_, log) = served.stop();
    assert!(!log.contains(SECRET), "{log}");
    assert!(
        log.contains("refused a delivery"),
        "the operator is told why"
    );
}

#[test]
fn what_is_not_text_is_stored_as_it_came() {
    let (_place, served) = served();
    let body = b"\xff\xfe\x00 not text \x80";
    assert_eq!(served.post(&Scheme::GitHub, body).status, 200);
    assert_eq!(
        served.post(&Scheme::GitHub, body).status,
        200,
        "a duplicate is a success"
    );
    let listed = served.admin("GET /api/events", "").body;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["items"][0]["duplicates"], 1);
    let id = listed["items"][0]["id"].as_str().unwrap();
    let shown = served.admin(&format!("GET /api/events/{id}"), "").body;
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["body_base64"], "//4AIG5vdCB0ZXh0IIA=");
}

#[test]
fn heads_that_are_too_large_are_refused_and_the_gateway_goes_on() {
    let (_place, served) = served();
    let long = format!("x-long: {}\r\n", "x".repeat(300 * 1024));
    let many: String = (0..1000).map(|no| format!("x-{no}: 1\r\n")).collect();
    for (what, headers) in [("one long", long), ("very many", many)] {
        let raw = format!("POST /in/github HTTP/1.1\r\nhost: a\r\n{headers}\r\n");
        let status = exchange(served.public, raw.as_bytes()).status;
        // The connection may be reset under what is still being sent.
        assert!([431, 400, 0].contains(&status), "{what}: {status}");
    }
    // Few enough to be read whole before the answer.
    let many: String = (0..200).map(|no| format!("x-{no}: 1\r\n")).collect();
    let raw = format!("POST /in/github HTTP/1.1\r\nhost: a\r\n{many}\r\n");
    assert_eq!(exchange(served.public, raw.as_bytes()).status, 431);
    assert_eq!(served.post(&Scheme::GitHub, b"{}").status, 200);
}

#[test]
fn who_dawdles_is_cut_off() {
    let (_place, served) = served();
    for (what, sent, statuses) in [
        ("head", "POST /in/github HTTP/1.1\r\nhost", [0, 408]),
        (
            "body",
            "POST /in/github HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{",
            [408, 408],
        ),
    ] {
        let mut stream = TcpStream::connect(served.public).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        let begun = Instant::now();
        let answer = answer(&mut stream);
        assert!(statuses.contains(&answer.status), "{what}: {answer:?}");
        let waited = begun.elapsed();
        assert!(waited >= Duration::from_millis(900), "{what}: {waited:?}");
        assert!(waited < Duration::from_secs(10), "{what}: {waited:?}");
    }
    assert_eq!(served.post(&Scheme::GitHub, b"{}").status, 200);
}

#[test]
fn the_question_of_slack_is_answered_and_not_stored() {
    let (_place, served) = served();
    let body = br#"{"type":"url_verification","challenge":"say-this-again"}"#;
    let answer = served.post(&Scheme::Slack, body);
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "say-this-again")
    );
    assert_eq!(served.stats()["events"], 0);
}
