//! One file searched for what stands in another.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt, fs, io,
    path::Path,
};

use http::{HeaderMap, HeaderName};
use serde_json::Value;

use super::{
    log::CUT,
    noted::{self, MIN_SECRET},
};

/// Bytes of a secret by which it is found.
const PREFIX: usize = 8;

/// Bytes before a leak that are shown, for finding the place.
const SHOWN: usize = 120;

/// What a search found.
#[derive(Clone, Default)]
pub struct Report {
    noted: BTreeMap<String, usize>,
    searched: usize,
    leaks: Vec<String>,
}

impl Report {
    /// Returns how many secrets of this kind were looked for.
    #[must_use]
    pub fn noted(&self, name: &str) -> usize {
        self.noted.get(name).copied().unwrap_or_default()
    }

    /// Returns how many bytes of logs were searched.
    #[must_use]
    pub fn searched(&self) -> usize {
        self.searched
    }

    /// Returns the places where a secret was found: its kind, and what stands before it.
    #[must_use]
    pub fn leaks(&self) -> &[String] {
        &self.leaks
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("noted", &self.noted)
            .field("searched", &self.searched)
            .field("leaks", &self.leaks)
            .finish()
    }
}

/// Secrets by how they begin, in every form in which they might be written.
#[derive(Default)]
struct Index {
    by_prefix: HashMap<[u8; PREFIX], Vec<(String, Vec<u8>)>>,
    /// Whether any secret begins with these two bytes: most places are passed by that alone.
    begins: Vec<bool>,
}

/// Searches the logs of a folder for the secrets that are noted there.
pub(super) fn search(folder: &Path) -> io::Result<Report> {
    let mut report = Report::default();
    let mut index = Index {
        begins: vec![false; 1 << 16],
        ..Index::default()
    };
    let (mut notes, mut logs) = (BTreeSet::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("noted-") {
            for line in fs::read_to_string(&path)?.lines() {
                notes.insert(serde_json::from_str(line)?);
            }
        } else if name.starts_with("wire-") {
            for line in fs::read_to_string(&path)?.lines() {
                add_exchange(&serde_json::from_str(line)?, &mut notes);
            }
        } else {
            logs.push(path);
        }
    }
    for (name, secret) in notes {
        index.add(&name, &secret);
        *report.noted.entry(name).or_default() += 1;
    }
    for path in logs {
        let log = fs::read(path)?;
        if log
            .windows(CUT.len())
            .rev()
            .take(CUT.len())
            .any(|end| end == CUT.as_bytes())
        {
            return Err(io::Error::other("a log was too long to be written whole"));
        }
        report.searched += log.len();
        index.search(&log, &mut report.leaks);
    }
    report.leaks.sort();
    report.leaks.dedup();
    Ok(report)
}

/// Adds the secrets of a request and its answer, as a program beside the tests wrote them down:
/// `{target, sent: {headers, body}, answered: {headers, body}}`.
fn add_exchange(exchange: &Value, notes: &mut BTreeSet<(String, String)>) {
    let read = |of: &str| {
        let mut headers = HeaderMap::new();
        let pairs = exchange[of]["headers"].as_array();
        for pair in pairs.into_iter().flatten() {
            let text = |at: usize| pair[at].as_str().unwrap_or_default();
            if let (Ok(name), Ok(value)) = (text(0).parse::<HeaderName>(), text(1).parse()) {
                headers.append(name, value);
            }
        }
        let body = exchange[of]["body"].as_str().unwrap_or_default();
        (headers, body.as_bytes())
    };
    let mut take = |name: &str, secret: &str| {
        if secret.len() >= MIN_SECRET {
            notes.insert((name.to_owned(), secret.to_owned()));
        }
    };
    let (headers, body) = read("sent");
    let target = exchange["target"].as_str().unwrap_or_default();
    noted::of_request(target, &headers, body, &mut take);
    let (headers, body) = read("answered");
    noted::of_answer(&headers, body, &mut take);
}

impl Index {
    fn add(&mut self, name: &str, secret: &str) {
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let mut forms = vec![
            secret.to_owned(),
            encoded,
            secret.escape_debug().to_string(),
        ];
        forms.dedup();
        for form in forms {
            let form = form.into_bytes();
            if let Some(prefix) = form.first_chunk::<PREFIX>() {
                let begin = usize::from(u16::from_le_bytes([prefix[0], prefix[1]]));
                if let Some(begins) = self.begins.get_mut(begin) {
                    *begins = true;
                }
                let same = self.by_prefix.entry(*prefix).or_default();
                same.push((name.to_owned(), form));
            }
        }
    }

    fn search(&self, log: &[u8], leaks: &mut Vec<String>) {
        for (at, window) in log.windows(PREFIX).enumerate() {
            let [first, second, ..] = *window else {
                continue;
            };
            let begin = usize::from(u16::from_le_bytes([first, second]));
            if self.begins.get(begin) != Some(&true) {
                continue;
            }
            let found = <[u8; PREFIX]>::try_from(window).ok();
            let found = found.and_then(|prefix| self.by_prefix.get(&prefix));
            let rest = log.get(at..).unwrap_or_default();
            for (name, form) in found.into_iter().flatten() {
                if rest.starts_with(form) {
                    let before = log.get(at.saturating_sub(SHOWN)..at).unwrap_or_default();
                    let before = String::from_utf8_lossy(before);
                    leaks.push(format!("{name} after: {before}"));
                }
            }
        }
    }
}
