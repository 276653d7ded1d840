//! Text that is not one JSON value: lines of JSON, event streams, and all else.

use serde_json::Value;

use super::{hidden::REDACTED, redact::Redaction};

/// What ends a stream of some services and is no JSON.
const DONE: &str = "[DONE]";

impl Redaction {
    pub(super) fn text(&self, text: &str, is_json: bool) -> String {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let is_json = is_json || text.trim_start().starts_with(['{', '[', '"']);
        if is_json && !lines.all(|line| serde_json::from_str::<Value>(line).is_ok()) {
            return REDACTED.to_owned();
        }
        let mut redacted = String::with_capacity(text.len());
        // The data of one event, which may be one JSON value in several lines.
        let mut data: Vec<&str> = Vec::new();
        for line in text.split_inclusive('\n') {
            if let Some(part) = line.strip_prefix("data:") {
                data.push(part.trim());
                continue;
            }
            self.flush(&mut data, &mut redacted);
            let end = line.strip_prefix(line.trim_end_matches(['\r', '\n']));
            redacted += &self.line(line.trim_end_matches(['\r', '\n']), &[]);
            redacted += end.unwrap_or_default();
        }
        self.flush(&mut data, &mut redacted);
        redacted
    }

    fn flush(&self, data: &mut Vec<&str>, redacted: &mut String) {
        if data.is_empty() {
            return;
        }
        let event = data.join("\n");
        for line in self.line(&event, &['{', '"']).lines() {
            redacted.extend(["data: ", line, "\n"]);
        }
        data.clear();
    }

    /// Redacts what is JSON or nothing of the kind; what is only nearly JSON is dropped.
    fn line(&self, line: &str, nearly: &[char]) -> String {
        let is_plain = !line.trim_start().starts_with(['{', '[', '"']) && !line.contains(nearly);
        if is_plain || line.trim() == DONE {
            return self.hidden.scrub(line);
        }
        match serde_json::from_str(line) {
            Ok(value) => self.json(value).to_string(),
            Err(_) => REDACTED.to_owned(),
        }
    }
}
