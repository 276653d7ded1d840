//! Habits of token endpoints, each read as it is meant: ours, and recorded ones.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use integration_core::{ErrorKind, ExposeSecret as _};
use integration_oauth::{OAuthError, Result, Scopes, TokenSet, Trouble, preset::Preset};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::provider::support::{NOW, Server, builder, provider};

const OURS: &str = include_str!("../../fixtures/quirks.json");

/// One answer to a refresh, and what is made of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// An object, a text as it is, or how long an object is padded.
    body: Value,
    /// What the preset says of this habit.
    #[serde(default)]
    preset: Map<String, Value>,
    tokens: Option<Tokens>,
    error: Option<Failure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    /// None where it lasts until it is refused.
    #[serde(default = "hour")]
    lasts_s: Option<u64>,
    #[serde(default)]
    is_guess: bool,
    #[serde(default = "second")]
    refresh_token: String,
    refresh_lasts_s: Option<u64>,
    #[serde(default = "both")]
    scopes: Option<Vec<String>>,
    /// Access tokens by their names.
    #[serde(default)]
    also: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    trouble: String,
    /// The word of the server.
    code: Option<String>,
    /// What kind of error it is where the server said no word.
    kind: Option<String>,
    retry_after_s: Option<u64>,
    #[serde(default)]
    keeps_body: bool,
}

const fn ok() -> u16 {
    200
}

#[expect(clippy::unnecessary_wraps, reason = "it is the default of an option")]
const fn hour() -> Option<u64> {
    Some(3600)
}

fn second() -> String {
    "RT2".to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "it is the default of an option")]
fn both() -> Option<Vec<String>> {
    Some(vec!["a".to_owned(), "b".to_owned()])
}

fn text(body: &Value) -> String {
    match (body, body.get("$pad").and_then(Value::as_u64)) {
        (_, Some(pad)) => {
            let pad = "x".repeat(usize::try_from(pad).unwrap());
            format!("{{\"access_token\":\"AT\",\"pad\":\"{pad}\"}}")
        }
        (Value::String(text), None) => text.clone(),
        (json, None) => json.to_string(),
    }
}

impl Case {
    /// What a refresh makes of it.
    async fn refreshed(&self) -> Result<TokenSet> {
        let server = Server::default();
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        server.answer(self.status, &headers, text(&self.body));
        let mut preset = self.preset.clone();
        preset.insert("name".to_owned(), json!("demo"));
        preset.insert("token".to_owned(), json!("https://as.example.test/token"));
        let preset = Preset::deserialize(Value::Object(preset)).unwrap();
        let provider = builder(&server, preset)
            .client_secret("s3cret")
            .build()
            .unwrap();
        let held = TokenSet::new("OLD").with_refresh_token("RT1");
        provider.refresh(&held).await
    }
}

impl Tokens {
    fn check(&self, name: &str, set: &TokenSet) {
        let lasts = |at: Option<Duration>| at.map(|at| (at - NOW).as_secs());
        let also = set
            .also
            .iter()
            .map(|(name, set)| (name.clone(), set.access_token.expose_secret().to_owned()));
        let scopes = self
            .scopes
            .as_ref()
            .map(|scopes| scopes.iter().cloned().collect::<Scopes>());
        assert_eq!(set.access_token.expose_secret(), "AT", "{name}");
        assert_eq!(set.token_type, "Bearer", "{name}");
        assert_eq!(
            (lasts(set.expires_at), set.is_expiry_guessed),
            (self.lasts_s, self.is_guess),
            "{name}"
        );
        assert_eq!(
            set.refresh_token.as_ref().unwrap().expose_secret(),
            self.refresh_token,
            "{name}"
        );
        assert_eq!(
            lasts(set.refresh_expires_at),
            self.refresh_lasts_s,
            "{name}"
        );
        assert_eq!(set.scopes, scopes, "{name}");
        assert_eq!(also.collect::<BTreeMap<_, _>>(), self.also, "{name}");
    }
}

impl Failure {
    fn check(&self, case: &Case, error: &integration_core::Error) {
        let name = &case.name;
        let trouble = format!("{:?}", Trouble::of(error)).to_lowercase();
        assert_eq!(trouble, self.trouble, "{name}: {error}");
        let said = error.provider::<OAuthError>().map(|said| said.code.clone());
        assert_eq!(said, self.code, "{name}");
        if let Some(kind) = &self.kind {
            assert_eq!(&format!("{:?}", error.kind()), kind, "{name}");
        }
        // Of an answer that is not read to its end nothing is kept.
        let is_read = error.kind() != ErrorKind::BodyTooLarge;
        assert_eq!(error.status(), is_read.then_some(case.status), "{name}");
        assert_eq!(
            error.retry_after(),
            self.retry_after_s.map(Duration::from_secs),
            "{name}"
        );
        if self.keeps_body {
            assert_eq!(
                error.provider_body().unwrap().as_ref(),
                text(&case.body).as_bytes(),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn every_habit_of_a_token_endpoint_is_read_as_it_is_meant() {
    let cases: Vec<Case> = serde_json::from_str(OURS).unwrap();
    for case in &cases {
        let got = case.refreshed().await;
        match (&case.tokens, &case.error) {
            (Some(tokens), None) => {
                let set = got.unwrap_or_else(|error| panic!("{}: {error}", case.name));
                tokens.check(&case.name, &set);
            }
            (None, Some(failure)) => failure.check(case, &got.unwrap_err()),
            _ => panic!("{} wants neither or both", case.name),
        }
    }
}

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

/// What a refresh makes of a recorded case.
async fn refreshed(case: &Value) -> Result<TokenSet> {
    let case = Case {
        name: case["name"].to_string(),
        status: u16::try_from(case["status"].as_u64().unwrap()).unwrap(),
        headers: BTreeMap::deserialize(&case["headers"]).unwrap(),
        body: case["body"].clone(),
        preset: Map::new(),
        tokens: None,
        error: None,
    };
    case.refreshed().await
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
