//! Recorded tokens: an attack corpus, and the vectors of Project Wycheproof for JWS, JWK and JWE.

use std::{fs, path::Path, sync::Arc, time::Duration};

use integration_jwt::{Key, KeySet, Validator};
use serde_json::Value;

use crate::support::{FixedClock, recorded, verdict};

/// Valid by the letter, and refused by every strict library:
const REFUSED_THOUGH_VALID: [u64; 6] = [
    346, 350, // a header PS384 with a key that is for PS256
    347, 351, // a key for `ES521`, which is no algorithm
    372, 373, // a question mark inside base64url
];

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn every_recorded_attack_is_refused_and_every_good_token_accepted() {
    let Some(folder) = recorded() else { return };
    let corpus = read(&folder.join("attacks.json"));
    let policy = &corpus["policy"];
    let text = |name: &str| policy[name].as_str().unwrap();
    let now = Duration::from_secs(corpus["now"].as_u64().unwrap());
    let keys = KeySet::from_jwks(corpus["jwks"].to_string().as_bytes()).unwrap();
    let builder = Validator::issuer(text("issuer")).audience(text("audience"));
    let builder = builder
        .access_tokens()
        .keys(keys)
        .clock(Arc::new(FixedClock(now)));
    let validator = builder.build().unwrap();

    let (mut wrong, mut accepted) = (Vec::new(), 0);
    let cases = corpus["cases"].as_array().unwrap();
    for case in cases {
        let said = verdict(&validator, case["token"].as_str().unwrap()).await;
        accepted += usize::from(said.is_ok());
        if said.is_ok() != (case["expect"] == "accept") {
            wrong.push(format!("{} {}: {said:?}", case["id"], case["name"]));
        }
    }
    eprintln!("{} recorded attacks and good tokens", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(accepted > 0 && accepted < cases.len());
}

#[test]
fn no_invalid_vector_of_wycheproof_is_accepted_and_only_six_valid_ones_are_refused() {
    let Some(folder) = recorded() else { return };
    let (mut wrong, mut refused, mut count) = (Vec::new(), Vec::new(), 0);
    for file in [
        "json_web_signature_test",
        "json_web_key_test",
        "json_web_crypto_test",
    ] {
        let vectors = read(&folder.join("wycheproof").join(file).with_extension("json"));
        each_test(&vectors, |keys, test| {
            let Some(token) = test.get("jws") else { return };
            count += 1;
            // A JSON serialisation is no text; as text it must be refused like any other.
            let token = token
                .as_str()
                .map_or_else(|| token.to_string(), str::to_owned);
            let said = keys.verify(&token);
            match (said.is_ok(), test["result"] == "valid") {
                (false, true) => refused.push(test["tcId"].as_u64().unwrap()),
                // The padding that these are about is gone: both are 357, which is valid.
                (true, false) if [367, 370].map(Value::from).contains(&test["tcId"]) => {}
                (true, false) => wrong.push(format!("{file} {} {}", test["tcId"], test["comment"])),
                _ => {}
            }
        });
    }
    eprintln!("{count} vectors of signatures");
    assert!(
        wrong.is_empty(),
        "accepted though invalid:\n{}",
        wrong.join("\n")
    );
    refused.sort_unstable();
    let mut expected = REFUSED_THOUGH_VALID;
    expected.sort_unstable();
    assert_eq!(refused, expected);
    assert!(count > 400);
}

#[test]
fn no_encrypted_token_is_taken_for_a_signed_one() {
    let Some(folder) = recorded() else { return };
    let mut count = 0;
    for file in ["json_web_encryption_test", "json_web_crypto_test"] {
        let vectors = read(&folder.join("wycheproof").join(file).with_extension("json"));
        each_test(&vectors, |keys, test| {
            let Some(token) = test.get("jwe") else { return };
            count += 1;
            let token = token
                .as_str()
                .map_or_else(|| token.to_string(), str::to_owned);
            assert!(keys.verify(&token).is_err(), "{file} {}", test["tcId"]);
        });
    }
    eprintln!("{count} vectors of encryption");
    assert!(count > 100);
}

fn each_test(vectors: &Value, mut judge: impl FnMut(&KeySet, &Value)) {
    for group in vectors["testGroups"].as_array().unwrap() {
        let key = group.get("public").unwrap_or(&group["private"]);
        let bytes = key.to_string();
        let keys = match key.get("keys") {
            Some(_) => KeySet::from_jwks(bytes.as_bytes()).unwrap(),
            // A key that cannot be used leaves an empty set, which accepts nothing.
            None => KeySet::new(Key::from_jwk(bytes.as_bytes()).into_iter().collect()),
        };
        for test in group["tests"].as_array().unwrap() {
            judge(&keys, test);
        }
    }
}
