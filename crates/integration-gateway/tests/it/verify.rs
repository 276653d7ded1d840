//! `verify` on captured files.

use std::{
    fs,
    process::{Command, Output},
    time::Duration,
};

use integration_core::SecretString;
use integration_webhooks::{
    Scheme,
    sign::{SignRequest, sign},
};
use tempfile::TempDir;

const NOW: u64 = 1_770_000_000;
const SECRET: &str = "the secret of these tests";

/// Files of one captured Stripe delivery.
struct Captured(TempDir);

impl Captured {
    fn new(body: &str) -> Self {
        let this = Self(tempfile::tempdir().unwrap());
        let request = SignRequest {
            id: "",
            timestamp: Duration::from_secs(NOW),
            body: body.as_bytes(),
        };
        let signed = sign(&Scheme::Stripe, &SecretString::from(SECRET), &request).unwrap();
        let lines = signed
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
        let head = "POST /in/stripe HTTP/1.1\r\nContent-Type: application/json\r\n";
        this.write("headers", &(head.to_owned() + &lines.collect::<String>()));
        this.write("body", body);
        this
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    fn verify(&self, more: &[&str]) -> Output {
        let now = NOW.to_string();
        Command::new(env!("CARGO_BIN_EXE_integration-gateway"))
            .current_dir(self.0.path())
            .args(["verify", "--scheme", "stripe", "--secret", "env:SECRET"])
            .args(["--headers", "headers", "--body", "body"])
            .args(if more.contains(&"--now") {
                vec![]
            } else {
                vec!["--now", &now]
            })
            .args(more)
            .env_clear()
            .env("SECRET", SECRET)
            .output()
            .unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_genuine_delivery_is_summed_up() {
    let captured = Captured::new(r#"{"id":"evt_1","type":"invoice.paid"}"#);
    let output = captured.verify(&[]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.starts_with("verified: "), "{shown}");
    assert!(
        shown.contains("evt_1") && shown.contains("invoice.paid"),
        "{shown}"
    );
}

#[test]
fn a_lost_newline_is_found_out_and_ends_with_3() {
    let captured = Captured::new("{\"id\":\"evt_1\"}\n");
    captured.write("body", r#"{"id":"evt_1"}"#);
    let output = captured.verify(&["--json"]);
    assert_eq!(output.status.code(), Some(3));
    let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["verified"], false);
    assert_eq!(verdict["reason"], "signature_mismatch");
    assert_eq!(verdict["answer_status"], 401);
    let findings = verdict["findings"].to_string();
    assert!(findings.contains("newline"), "{findings}");
    assert!(!text(&output.stdout).contains(SECRET));
}

#[test]
fn a_late_delivery_is_told_from_a_forged_one() {
    let captured = Captured::new("{}");
    let late = (NOW + 301).to_string();
    let shown = text(&captured.verify(&["--now", &late]).stdout);
    assert!(shown.contains("301 s old"), "{shown}");
    assert!(shown.contains("the signature itself matches"), "{shown}");
}

#[test]
fn a_file_that_is_unreadable_is_named_and_ends_with_2() {
    let captured = Captured::new("{}");
    fs::remove_file(captured.0.path().join("body")).unwrap();
    let output = captured.verify(&[]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("body is not there"), "{error}");

    let captured = Captured::new("{}");
    captured.write("headers", "fine: 1\nnot a header\n");
    let error = text(&captured.verify(&[]).stderr);
    assert!(
        error.contains("headers is no list of headers, line 2"),
        "{error}"
    );
}

#[test]
fn a_literal_secret_is_refused_and_not_shown() {
    let captured = Captured::new("{}");
    let output = captured.verify(&["--secret", "plainly-the-secret"]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("env:NAME"), "{error}");
    assert!(!error.contains("plainly-the-secret"), "{error}");
}

#[test]
fn a_generic_hmac_is_described_by_a_file() {
    let captured = Captured::new("{}");
    captured.write(
        "scheme.toml",
        "header = \"x-signature\"\nid-pointer = \"/id\"\n",
    );
    let wrong = captured.verify(&["--hmac", "scheme.toml"]);
    assert_eq!(wrong.status.code(), Some(2), "--hmac is for --scheme hmac");

    captured.write("scheme.toml", "heade = \"x-signature\"\n");
    let output = Command::new(env!("CARGO_BIN_EXE_integration-gateway"))
        .current_dir(captured.0.path())
        .args([
            "verify",
            "--scheme",
            "hmac",
            "--secret",
            "env:SECRET",
            "--hmac",
            "scheme.toml",
        ])
        .args(["--headers", "headers", "--body", "body"])
        .env("SECRET", SECRET)
        .output()
        .unwrap();
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("scheme.toml") && error.contains("heade"),
        "{error}"
    );
}
