//! Where Stripe's reference describes a call or an object, by rule from its path: the document has
//! no links. A page that has another address there is not found by the rule.

use super::ir::{Api, Operation, Ty, TypeId};

/// What every page is below.
pub(super) const SITE: &str = "https://docs.stripe.com/api/";

/// The page of a call below [`SITE`], such as `refunds/create`.
pub(super) fn of_call(operation: &Operation) -> String {
    format!("{}/{}", page(&operation.path), operation.call)
}

/// The page of a handle, such as `refunds`.
pub(super) fn of_handle<'a>(mut calls: impl Iterator<Item = &'a Operation>) -> Option<String> {
    calls.next().map(|first| page(&first.path))
}

/// The page of an object, such as `refunds/object`; `None` for one that no call answers with.
pub(super) fn of_object(api: &Api, id: TypeId) -> Option<String> {
    let answers = |operation: &&Operation| match &operation.answer {
        Ty::Page(of) => **of == Ty::Named(id),
        of => *of == Ty::Named(id) && matches!(operation.call.as_str(), "create" | "retrieve"),
    };
    let ours = api.operations.iter().filter(answers);
    let shortest = ours.min_by_key(|operation| (operation.path.len(), &operation.path))?;
    Some(format!("{}/object", page(&shortest.path)))
}

/// The nouns of a path without its ids, its action and the version 1.
fn page(path: &str) -> String {
    let is_id = |part: &str| part.starts_with('{');
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut nouns: Vec<&str> = Vec::new();
    for (index, part) in parts
        .iter()
        .enumerate()
        .skip(usize::from(parts.first() == Some(&"v1")))
    {
        let is_action = index + 1 == parts.len() && index > 0 && is_id(parts[index - 1]);
        let is_search = index + 1 == parts.len() && *part == "search";
        if !(is_id(part) || is_search || is_action && is_verb(part)) {
            nouns.push(part);
        }
    }
    nouns.join("/")
}

/// Last words of paths that are no nouns: they do something to what is before them.
fn is_verb(word: &str) -> bool {
    !word.ends_with('s') || matches!(word, "verify_microdeposits")
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn a_path_leads_to_its_nouns() {
        for (path, expected) in [
            ("/v1/refunds", "refunds"),
            ("/v1/refunds/{refund}/cancel", "refunds"),
            ("/v1/payment_intents/search", "payment_intents"),
            ("/v1/customers/{customer}/tax_ids/{id}", "customers/tax_ids"),
            (
                "/v1/checkout/sessions/{session}/expire",
                "checkout/sessions",
            ),
            ("/v2/core/accounts/{id}/close", "v2/core/accounts"),
        ] {
            assert_eq!(page(path), expected);
        }
    }
}
