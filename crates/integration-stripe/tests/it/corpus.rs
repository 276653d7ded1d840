//! What Stripe's own libraries send for their examples, from our parameters.

mod python;

use std::fs;

use serde_json::Value as Json;

use crate::surface::{self, Operation, shared};

#[test]
fn the_examples_of_the_official_libraries_are_sent_alike() {
    let Some(file) = shared("corpus/stripe/examples.jsonl") else {
        return;
    };
    let operations = surface::operations();
    let lines = fs::read_to_string(file).unwrap();
    let mut count = 0;
    for line in lines.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        agrees(&case, &operations);
        count += 1;
    }
    assert!(count >= 274, "{count}");
}

fn agrees(case: &Json, operations: &[Operation]) {
    let text = |key: &str| case[key].as_str().unwrap_or_default();
    let call = text("call");
    let operation = operations
        .iter()
        .filter(|o| o.verb.to_lowercase() == text("method") && matches(&o.path, text("path")))
        .max_by_key(|o| o.path.split('/').filter(|s| !s.starts_with('{')).count())
        .unwrap_or_else(|| panic!("no operation for {call}"));
    let params = python::params(call);
    for (name, _) in params.iter().filter(|(name, _)| *name != "expand") {
        assert!(operation.params.contains(name), "{call}: {name}");
    }
    let has_file = operation.name == "stripe.files.create";
    if operation.verb != "POST" {
        assert_eq!(pairs(&params.to_form()), pairs(text("query")), "{call}");
    } else if operation.path.starts_with("/v2/") {
        let theirs: Json = serde_json::from_str(text("body")).unwrap();
        assert_eq!(serde_json::to_value(&params).unwrap(), theirs, "{call}");
    } else if !has_file {
        assert_eq!(pairs(&params.to_form()), pairs(text("body")), "{call}");
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(t, p)| t.starts_with('{') || t == p)
}

/// Names and values, decoded, in their order.
fn pairs(form: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(form.as_bytes())
        .into_owned()
        .collect()
}
