//! Which account logged in.

use integration_core::Result;
use serde_json::{Map, Value};

use super::{refusal::LoginRefusal, remote::Remote};
use crate::{preset::Preset, tokens::TokenSet};

/// Where the name of an account is, when the preset does not say.
const DEFAULT: [&str; 2] = ["/sub", "/id"];

/// Finds the name of the account: in the ID token or the answer, else at the address of the
/// provider that says who logged in.
pub(super) async fn account(
    remote: &dyn Remote,
    tokens: &TokenSet,
    claims: Option<&Map<String, Value>>,
) -> Result<String> {
    let pointers = pointers(remote.preset());
    // What is signed comes first.
    let at_hand = claims.into_iter().chain([&tokens.extra]);
    let at_hand: Vec<Value> = at_hand.cloned().map(Value::Object).collect();
    if let Some(name) = pointers.iter().find_map(|p| name(&at_hand, p)) {
        return Ok(name);
    }
    let said = remote.userinfo(tokens).await?;
    let said: Vec<Value> = said.into_iter().collect();
    let found = pointers.iter().find_map(|p| name(&said, p));
    found.ok_or_else(|| LoginRefusal::NoAccount.into())
}

fn pointers(preset: &Preset) -> Vec<&str> {
    match preset.account.is_empty() {
        true => DEFAULT.to_vec(),
        false => preset.account.iter().map(String::as_str).collect(),
    }
}

fn name(documents: &[Value], pointer: &str) -> Option<String> {
    let found = documents.iter().filter_map(|d| d.pointer(pointer));
    let mut names = found.filter_map(|value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    names.next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_a_text_or_a_number_and_the_first_document_that_has_it_counts() {
        let documents = [json!({"id": 7, "sub": ""}), json!({"sub": "s", "id": 8})];
        assert_eq!(name(&documents, "/sub").unwrap(), "s");
        assert_eq!(name(&documents, "/id").unwrap(), "7");
        assert_eq!(name(&documents, "/team/id"), None);
        assert_eq!(name(&[json!({"id": {"a": 1}})], "/id"), None);
    }
}
