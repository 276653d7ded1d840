//! Recorded deliveries of every scheme, good and bad. They are kept outside the repository: the
//! test reads `$INTEGRATION_SHARED`, or `../shared` beside the workspace, and says so if it is absent.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use integration_webhooks::{Scheme, Secret, SecretString, Source};
use serde::Deserialize;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Corpus file and our scheme.
const FILES: [(&str, &str); 11] = [
    ("stripe", "stripe"),
    ("github", "github"),
    ("github-sha1", "github-sha1"),
    ("slack", "slack"),
    ("standardwebhooks", "standard-webhooks"),
    ("standardwebhooks-v1a", "standard-webhooks"),
    ("svix", "svix"),
    ("clerk", "clerk"),
    ("loops", "loops"),
    ("supabase-auth-hook", "supabase-auth-hook"),
    ("generic-hmac-hex", "hmac"),
];

#[derive(Deserialize)]
struct Case {
    id: String,
    expect: String,
    why: String,
    now: u64,
    keys: Keys,
    headers: Vec<(String, String)>,
    body_b64: String,
}

#[derive(Deserialize)]
struct Keys {
    #[serde(alias = "public_key")]
    secret: String,
}

#[test]
fn every_recorded_case_gives_its_expected_verdict() {
    let Some(folder) = folder() else {
        eprintln!("skipped: no recorded deliveries, set INTEGRATION_SHARED to their folder");
        return;
    };
    let mut wrong = Vec::new();
    let mut cases = 0;
    for (file, scheme) in FILES {
        let text = fs::read_to_string(folder.join(file).with_extension("jsonl")).unwrap();
        let counted = cases;
        for line in text.lines() {
            let case: Case = serde_json::from_str(line).unwrap();
            cases += 1;
            let verdict = verify(scheme.parse().unwrap(), &case);
            if verdict.is_ok() != (case.expect == "valid") {
                wrong.push(format!("{} ({}): {verdict:?}", case.id, case.why));
            }
        }
        assert!(cases > counted, "{file} has no case");
    }
    eprintln!("{cases} recorded cases");
    assert!(
        wrong.is_empty(),
        "{} of {cases} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Senders without a scheme of their own, and how the generic one is told about them.
const CONFIGURED: [(&str, &str); 5] = [
    (
        "shopify",
        r#"{"header":"x-shopify-hmac-sha256","encoding":"base64"}"#,
    ),
    (
        "lemonsqueezy",
        r#"{"header":"x-signature","type_header":"x-event-name"}"#,
    ),
    (
        "meta",
        r#"{"header":"x-hub-signature-256","prefix":"sha256="}"#,
    ),
    (
        "square",
        r#"{"header":"x-square-hmacsha256-signature","encoding":"base64",
            "content":"https://hooks.example.com/in/square{body}","id_pointer":"/event_id"}"#,
    ),
    (
        "zoom",
        r#"{"header":"x-zm-signature","prefix":"v0=","content":"v0:{timestamp}:{body}",
            "timestamp_header":"x-zm-request-timestamp","type_pointer":"/event"}"#,
    ),
];

#[test]
fn the_generic_scheme_learns_other_senders_from_configuration() {
    let Some(folder) = folder() else { return };
    let mut wrong = Vec::new();
    for (file, config) in CONFIGURED {
        let scheme = Scheme::Hmac(serde_json::from_str(config).unwrap());
        let text = fs::read_to_string(folder.join(file).with_extension("jsonl")).unwrap();
        for line in text.lines() {
            let case: Case = serde_json::from_str(line).unwrap();
            let verdict = verify(scheme.clone(), &case);
            if verdict.is_ok() != (case.expect == "valid") {
                wrong.push(format!("{} ({}): {verdict:?}", case.id, case.why));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn verify(scheme: Scheme, case: &Case) -> Result<(), String> {
    let secret = Secret::new(SecretString::from(case.keys.secret.clone()));
    let source = Source::new("corpus", scheme, vec![secret]).map_err(|error| error.to_string())?;
    let mut headers = HeaderMap::new();
    for (name, value) in &case.headers {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let body = Bytes::from(STANDARD.decode(&case.body_b64).unwrap());
    let now = Duration::from_secs(case.now);
    let verdict = source.verify(&headers, &body, now);
    if let Err(rejection) = source.check(&headers, &body, now) {
        assert_eq!(verdict.as_ref().err(), Some(&rejection));
    }
    verdict.map(drop).map_err(|rejection| rejection.to_string())
}

/// Finds the recorded deliveries.
pub(crate) fn folder() -> Option<PathBuf> {
    let shared = env::var_os("INTEGRATION_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("corpus/webhooks");
    folder.is_dir().then_some(folder)
}
