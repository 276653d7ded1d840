//! Answers that were recorded from real services: their hints and what they say about quotas.
//!
//! The recordings are not part of the repository. The test reads `$INTEGRATION_SHARED`, or
//! `../shared` beside the workspace, and says so if it is absent.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use integration_core::{
    hint,
    quota::{Preset, QuotaParser},
};
use serde_json::Value;

/// Long after every date in the recordings.
const NOW: Duration = Duration::from_secs(1_900_000_000);

#[test]
fn recorded_hints_are_read_and_quotas_are_not_made_up() {
    let files = ["oauth/quirks.json", "supabase/corpus.jsonl"];
    let Some(folder) = folder() else {
        eprintln!("skipped: no recorded answers, set INTEGRATION_SHARED to their folder");
        return;
    };
    let mut hints = 0;
    for file in files {
        let Ok(text) = fs::read_to_string(folder.join(file)) else {
            eprintln!("skipped: no {file}");
            continue;
        };
        let documents = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        let mut answers = Vec::new();
        for document in documents {
            collect(&document.unwrap(), &mut answers);
        }
        assert!(!answers.is_empty(), "{file} has changed its shape");
        hints += answers.iter().filter(|headers| check(headers)).count();
    }
    println!("{hints} recorded hints");
}

/// Checks one answer; tells whether it had a hint.
fn check(headers: &HeaderMap) -> bool {
    let seconds = headers
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    assert_eq!(hint::from_headers(headers, NOW), seconds, "{headers:?}");
    let limited = headers.keys().any(|name| name.as_str().contains("rate"));
    for preset in [
        Preset::Standard,
        Preset::GitHub,
        Preset::OpenAi,
        Preset::RetryAfter,
    ] {
        let report = preset.parse(headers, NOW);
        assert_eq!(report.penalty, seconds, "{headers:?}");
        assert!(limited || report.entries().is_empty(), "{headers:?}");
    }
    seconds.is_some()
}

/// Finds every object that is the headers of an answer, however deep.
fn collect(value: &Value, found: &mut Vec<HeaderMap>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            if let Some(Value::Object(headers)) = fields.get("headers")
                && fields.contains_key("status")
            {
                let pairs = headers.iter().filter_map(|(name, value)| {
                    let value = HeaderValue::from_str(value.as_str()?).ok()?;
                    Some((name.parse::<HeaderName>().ok()?, value))
                });
                found.push(pairs.collect());
            }
            fields.values().for_each(|field| collect(field, found));
        }
        _ => {}
    }
}

fn folder() -> Option<PathBuf> {
    let shared = env::var_os("INTEGRATION_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("corpus");
    folder.is_dir().then_some(folder)
}
