//! Recorded habits of token endpoints, each read as it is meant.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use integration_core::{ErrorKind, ExposeSecret as _};
use integration_oauth::{OAuthError, Result, TokenSet, Trouble};
use serde_json::Value;

use crate::provider::support::{NOW, Server, provider};

/// Recorded cases are kept outside the repository: `$INTEGRATION_SHARED`, or `../shared` beside the
/// workspace.
fn recorded() -> Option<Vec<Value>> {
    let shared = env::var_os("INTEGRATION_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(shared.join("corpus/oauth/quirks.json")) else {
        eprintln!("skipped: no recorded answers, set INTEGRATION_SHARED to their folder");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// What a refresh makes of a case.
async fn refreshed(case: &Value) -> Result<TokenSet> {
    let server = Server::default();
    let body = match (&case["body"], case["body"].get("$pad")) {
        (_, Some(pad)) => {
            let pad = usize::try_from(pad.as_u64().unwrap()).unwrap();
            format!(
                "{{\"access_token\":\"AT\",\"pad\":\"{}\"}}",
                "x".repeat(pad)
            )
        }
        (Value::String(text), None) => text.clone(),
        (object, None) => object.to_string(),
    };
    let headers: Vec<(&str, &str)> = case["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
    server.answer(status, &headers, body);
    let held = TokenSet::new("OLD").with_refresh_token("RT1");
    provider(&server).refresh(&held).await
}

/// Whether the token that is wanted is there, wherever the answer had it.
fn has(set: &TokenSet, token: &str) -> bool {
    let mut all = std::iter::once(set).chain(set.also.values());
    all.any(|set| set.access_token.expose_secret() == token)
}

#[tokio::test]
async fn every_recorded_answer_is_read_as_it_is_meant() {
    let Some(cases) = recorded() else { return };
    assert!(cases.len() >= 21);
    for case in &cases {
        let (name, want) = (&case["name"], case["want"].as_str().unwrap());
        let got = refreshed(case).await;
        let said = |code: &str| {
            let error = got.as_ref().unwrap_err();
            assert_eq!(error.provider::<OAuthError>().unwrap().code, code, "{name}");
        };
        match want.split_once(':').unwrap_or((want, "")) {
            ("ok", "keep_old_rt") => {
                let set = got.as_ref().unwrap();
                assert_eq!(
                    set.refresh_token.as_ref().unwrap().expose_secret(),
                    "RT1",
                    "{name}"
                );
            }
            ("ok", _) => {
                let set = got.as_ref().unwrap_or_else(|e| panic!("{name}: {e}"));
                assert!(has(set, "AT"), "{name}");
                assert!(set.expires_at.unwrap() > NOW, "{name}");
            }
            ("oauth", code) => said(code),
            ("transient", _) => {
                let error = got.as_ref().unwrap_err();
                assert_eq!(Trouble::of(error), Trouble::Transient, "{name}");
                assert_eq!(
                    error.status().map(u64::from),
                    case["status"].as_u64(),
                    "{name}"
                );
                if case["headers"].get("retry-after").is_some() {
                    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)), "{name}");
                }
            }
            ("error" | "oauth_or_error", _) => assert!(got.is_err(), "{name}"),
            _ => panic!("{name} wants {want}"),
        }
    }
}

#[tokio::test]
async fn an_answer_above_a_mebibyte_is_not_read() {
    let server = Server::default();
    let fits = 1024 * 1024 - "{\"access_token\":\"AT\",\"pad\":\"\"}".len();
    let answer = |pad: usize| {
        let pad = "x".repeat(pad);
        server.answer(
            200,
            &[],
            format!("{{\"access_token\":\"AT\",\"pad\":\"{pad}\"}}"),
        );
    };
    let held = TokenSet::new("OLD").with_refresh_token("RT1");
    answer(fits);
    assert!(provider(&server).refresh(&held).await.is_ok());
    answer(fits + 1);
    let error = provider(&server).refresh(&held).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
    assert_eq!(Trouble::of(&error), Trouble::Transient);
}
