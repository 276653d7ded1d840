//! `api_surface.txt` as a program reads it, and beside the document where that is at hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use serde_json::Value;

const SURFACE: &str = include_str!("../../api_surface.txt");

/// What the surface says of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) params: BTreeSet<String>,
}

pub(crate) fn operations() -> Vec<Operation> {
    let mut all: Vec<Operation> = Vec::new();
    for line in SURFACE.lines().filter(|line| line.starts_with("stripe.")) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            [name, verb, path, host, "->", ..] => all.push(Operation {
                name: name.to_owned(),
                verb: verb.to_owned(),
                path: path.to_owned(),
                host: host.to_owned(),
                params: BTreeSet::new(),
            }),
            [_, param, ..] => {
                let param = param.trim_end_matches(['!', '?']).to_owned();
                all.last_mut().unwrap().params.insert(param);
            }
            _ => panic!("no line of a surface: {line}"),
        }
    }
    all
}

/// A file of `$INTEGRATION_SHARED`, or of `../shared` beside the workspace; says so if it is absent.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("INTEGRATION_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let found = Some(folder.join(path)).filter(|file| file.exists());
    if found.is_none() {
        eprintln!("skipped: no {path}, set INTEGRATION_SHARED to its folder");
    }
    found
}

#[test]
fn the_surface_is_that_of_the_document() {
    let Some(file) = shared("specs/stripe/spec3.json") else {
        return;
    };
    let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let ours: BTreeMap<_, _> = operations()
        .into_iter()
        .map(|o| ((o.verb.to_lowercase(), o.path), (o.host, o.params)))
        .collect();
    let mut theirs = BTreeMap::new();
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            let known = (host(operation), params(operation));
            theirs.insert((verb.clone(), path.clone()), known);
        }
    }
    assert_eq!(theirs.len(), 619);
    assert_eq!(ours, theirs);
}

/// The first word of the server's address; that of the document where the operation has none.
fn host(operation: &Value) -> String {
    let url = operation["servers"][0]["url"]
        .as_str()
        .unwrap_or("https://api.stripe.com/");
    let host = url
        .trim_start_matches("https://")
        .split('.')
        .next()
        .unwrap_or_default();
    host.to_owned()
}

fn params(operation: &Value) -> BTreeSet<String> {
    let query = operation["parameters"].as_array().into_iter().flatten();
    let query = query
        .filter(|p| p["in"] == "query")
        .map(|p| p["name"].as_str().unwrap().to_owned());
    let bodies = operation["requestBody"]["content"]
        .as_object()
        .into_iter()
        .flatten();
    let body = bodies.flat_map(|(_, body)| body["schema"]["properties"].as_object());
    let body = body.flat_map(|properties| properties.keys().cloned());
    query.chain(body).filter(|name| name != "expand").collect()
}
