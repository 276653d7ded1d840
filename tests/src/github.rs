//! Real GitHub payloads, or made-up ones where those are missing.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::config::Config;

/// One webhook of GitHub.
#[derive(Debug, Clone)]
pub struct Payload {
    /// `X-GitHub-Event`.
    pub event: String,
    /// Body, byte for byte.
    pub body: Bytes,
    /// `/repository/full_name`; organisation events have none.
    pub repository: Option<String>,
}

/// A line of the recorded file.
#[derive(Debug, Deserialize)]
struct Line {
    event: String,
    payload: Box<RawValue>,
}

#[derive(Debug, Deserialize)]
struct Body {
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
}

/// Reads the recorded payloads, or makes some up.
#[must_use]
pub fn payloads() -> Vec<Payload> {
    let recorded = Config::from_env()
        .shared
        .map(|shared| shared.join("corpus/webhooks/github-examples.jsonl.gz"))
        .filter(|file| file.is_file());
    recorded.map_or_else(made_up, |file| read(&file))
}

/// Returns the bodies of each repository in the order given; those without one are left out.
#[must_use]
pub fn by_repository<'a>(
    bodies: impl IntoIterator<Item = &'a Bytes>,
) -> BTreeMap<String, Vec<Bytes>> {
    let mut found: BTreeMap<String, Vec<Bytes>> = BTreeMap::new();
    for body in bodies {
        if let Some(repository) = repository_of(body) {
            found.entry(repository).or_default().push(body.clone());
        }
    }
    found
}

fn read(file: &Path) -> Vec<Payload> {
    let lines = BufReader::new(GzDecoder::new(File::open(file).unwrap())).lines();
    lines.map(|line| payload(&line.unwrap())).collect()
}

fn made_up() -> Vec<Payload> {
    include_str!("../fixtures/github.jsonl")
        .lines()
        .map(payload)
        .collect()
}

fn payload(line: &str) -> Payload {
    let line: Line = serde_json::from_str(line).expect("a payload a line");
    let body = Bytes::copy_from_slice(line.payload.get().as_bytes());
    Payload {
        event: line.event,
        repository: repository_of(&body),
        body,
    }
}

fn repository_of(body: &[u8]) -> Option<String> {
    let body: Body = serde_json::from_slice(body).ok()?;
    Some(body.repository?.full_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_payloads_are_of_three_repositories_and_one_organisation() {
        let payloads = made_up();
        let bodies: Vec<Bytes> = payloads.iter().map(|one| one.body.clone()).collect();
        assert_eq!(by_repository(&bodies).len(), 3);
        assert_eq!(
            payloads
                .iter()
                .filter(|one| one.repository.is_none())
                .count(),
            1
        );
    }
}
