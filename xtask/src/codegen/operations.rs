//! Paths become handles and calls: `/v1/customers/{customer}/tax_ids` is `customers().tax_ids()`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    answers::{self, Answers},
    ir::{Api, Operation, Ty},
    names::{pascal, singular},
    parameters,
};

/// Last words that are nouns although only a `POST` goes to them.
const NOUNS: [&str; 4] = [
    "funding_instructions",
    "login_links",
    "person_tokens",
    "sources",
];

/// Calls whose rule would give another name: verb, path, name.
const NAMED: [(&str, &str, &str); 4] = [
    ("get", "/v1/quotes/{quote}/pdf", "pdf"),
    ("post", "/v1/apps/secrets/delete", "delete_where"),
    (
        "delete",
        "/v1/subscriptions/{subscription_exposed_id}",
        "cancel",
    ),
    ("post", "/v2/core/accounts/{id}/close", "close"),
];

/// What the shape of all paths says about one.
pub(super) struct Paths<'d> {
    all: BTreeSet<&'d str>,
}

impl<'d> Paths<'d> {
    pub(super) fn new(paths: impl Iterator<Item = &'d str>) -> Self {
        Self {
            all: paths.collect(),
        }
    }

    /// How many segments name the handle that the path begins with.
    fn root(&self, segments: &[&str]) -> usize {
        for len in 2..=segments.len() {
            let prefix = format!("/{}", segments[..len].join("/"));
            let with_id = format!("{prefix}/{{");
            if self.all.contains(prefix.as_str()) && len < 5
                || self.all.iter().any(|path| path.starts_with(&with_id))
            {
                return len;
            }
        }
        segments.len() - 1
    }

    /// Tells whether an id or a noun follows the path.
    fn has_below(&self, path: &str) -> bool {
        let below = format!("{path}/");
        self.all.iter().any(|other| other.starts_with(&below))
    }
}

/// Adds an operation.
pub(super) fn add(
    api: &mut Api,
    answers: &mut Answers<'_>,
    paths: &Paths<'_>,
    (verb, path, at_path): (&'static str, &str, &Value),
) {
    let operation = &at_path[verb];
    let has_get = at_path.get("get").is_some();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let root = paths.root(&segments);
    let is_id = |segment: &&str| segment.starts_with('{');
    let answer = answer(api, answers, operation, path);
    let is_page = matches!(answer, Ty::Page(_));
    let last = segments.last().copied().unwrap_or_default();
    let action = action(verb, path, &segments, root, is_page, has_get, paths);
    let nouns = segments.len() - usize::from(action.is_some());
    let mut handle: Vec<String> = Vec::new();
    for (index, segment) in segments[..nouns].iter().enumerate().skip(1) {
        let after_noun = index > root && !segments[index - 1].starts_with('{');
        match handle.last_mut() {
            _ if is_id(segment) => {}
            Some(noun) if after_noun && !is_id(&segments[index - 1]) => {
                *noun = format!("{noun}_{segment}");
            }
            _ => handle.push((*segment).to_owned()),
        }
    }
    if segments.first() == Some(&"v2") {
        handle.insert(0, "v2".to_owned());
    }
    let call = action.unwrap_or_else(|| {
        let call = match verb {
            "get" if is_page => "list",
            "get" => "retrieve",
            "delete" => "delete",
            _ if is_id(&last) || (has_get && !is_list(&at_path["get"])) => "update",
            _ => "create",
        };
        call.to_owned()
    });
    let ids = segments.iter().filter(|s| is_id(s));
    let ids = ids.map(|s| s.trim_matches(['{', '}']).to_owned()).collect();
    let home = home(&segments[1..root], segments.first() == Some(&"v2"));
    let (whole, noun) = names(&handle, &call);
    let place = parameters::Place {
        source: format!("{} {path}", verb.to_uppercase()),
        noun,
        whole,
        field: String::new(),
        home: home.clone(),
    };
    let params = parameters::of_operation(api, operation, &place);
    api.operations.push(Operation {
        kind: kind(verb, operation, &call, is_page),
        handle,
        call,
        verb,
        path: path.to_owned(),
        ids,
        params,
        answer,
        home,
    });
}

/// The file of the handle whose segments these are.
fn home(nouns: &[&str], is_v2: bool) -> String {
    let name = nouns.iter().enumerate().map(|(index, noun)| {
        if index + 1 == nouns.len() {
            singular(noun)
        } else {
            (*noun).to_owned()
        }
    });
    let name = name.collect::<Vec<_>>().join("_");
    if is_v2 { format!("v2_{name}") } else { name }
}

/// The name of the call, where the last segment is no noun.
fn action(
    verb: &str,
    path: &str,
    segments: &[&str],
    root: usize,
    is_page: bool,
    has_get: bool,
    paths: &Paths<'_>,
) -> Option<String> {
    let last = segments.last()?;
    if last.starts_with('{') || segments.len() <= root {
        return None;
    }
    if let Some((.., name)) = NAMED.iter().find(|(v, p, _)| *v == verb && *p == path) {
        return Some((*name).to_owned());
    }
    let after_id = segments[segments.len() - 2].starts_with('{');
    let is_action = match verb {
        "get" => *last == "search" || !is_page && !after_id,
        "post" => !has_get && !paths.has_below(path) && !NOUNS.contains(last),
        _ => false,
    };
    is_action.then(|| (*last).to_owned())
}

/// Whether a `GET` answers with a page, by the shape of its schema.
fn is_list(operation: &Value) -> bool {
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    schema["properties"].get("data").is_some()
}

fn answer(api: &mut Api, answers: &mut Answers<'_>, operation: &Value, path: &str) -> Ty {
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    let name = operation["operationId"].as_str().unwrap_or(path);
    let place = answers::Place {
        source: format!("{name} answer"),
        name: format!("{}Answer", pascal(name)),
        home: "shared".to_owned(),
    };
    answers.ty(api, schema, &place)
}

/// `CreateCustomerTaxId` and `CustomerTaxId`.
fn names(handle: &[String], call: &str) -> (String, String) {
    let many = matches!(call, "list" | "search");
    let word = |(index, noun): (usize, &String)| {
        let keep = many && index + 1 == handle.len();
        pascal(&if keep { noun.clone() } else { singular(noun) })
    };
    let noun: String = handle.iter().enumerate().map(word).collect();
    (format!("{}{noun}", pascal(call)), noun)
}

fn kind(verb: &'static str, operation: &Value, call: &str, is_page: bool) -> &'static str {
    let content = &operation["requestBody"]["content"];
    let server = operation["servers"][0]["url"].as_str().unwrap_or_default();
    match verb {
        "post" if content.get("multipart/form-data").is_some() => "upload",
        "post" if server.contains("meter-events") => "meter",
        "get" if server.contains("files") => "download",
        "get" if call == "search" => "search",
        "get" if is_page => "list",
        verb => verb,
    }
}
