use serde_json::{Value, json};

use super::{CRATE, Files, compare, generate};
use crate::scratch::Scratch;

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

fn answers(schema: &str) -> Value {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    json!({ "200": { "content": { "application/json": { "schema": schema } } } })
}

/// A document with what the rules are about.
fn document() -> Value {
    let address = object(
        &json!({ "city": { "type": "string", "nullable": true } }),
        &[],
    );
    let mut customer = object(
        &json!({
            "id": { "type": "string" },
            "home": { "$ref": "#/components/schemas/address" },
            "work": address,
            "status": { "type": "string", "enum": ["on", "off"] },
            "source": {
                "anyOf": [
                    { "$ref": "#/components/schemas/card" },
                    { "$ref": "#/components/schemas/bank" },
                ],
                "nullable": true,
            },
            "parent": { "anyOf": [
                { "type": "string" },
                { "$ref": "#/components/schemas/customer" },
                { "$ref": "#/components/schemas/deleted_customer" },
            ] },
        }),
        &["id"],
    );
    customer["x-resourceId"] = json!("customer");
    let named = |word: &str| {
        object(
            &json!({ "object": { "type": "string", "enum": [word] } }),
            &[],
        )
    };
    let form = object(
        &json!({
            "email": { "type": "string" },
            "address": { "anyOf": [address, { "type": "string", "enum": [""] }] },
            "kind": { "type": "string", "enum": ["", "off", "on"] },
            "expand": { "type": "array", "items": { "type": "string" } },
        }),
        &["email"],
    );
    let mut card = named("card");
    card["properties"]["last4"] = json!({ "type": "string" });
    json!({
        "info": { "version": "1" },
        "components": { "schemas": {
            "address": address,
            "bank": named("bank_account"),
            "card": card,
            "customer": customer,
            "deleted_customer": named("customer"),
        } },
        "paths": {
            "/v1/customers": { "post": {
                "responses": answers("customer"),
                "requestBody": { "content": { "application/x-www-form-urlencoded": { "schema": form } } },
            } },
            "/v1/customers/{id}": { "get": { "responses": answers("customer") } },
        },
    })
}

fn text(files: &Files) -> String {
    let sources = files
        .iter()
        .filter(|(path, _)| path.starts_with("src/generated/"));
    sources.map(|(_, text)| text.as_str()).collect()
}

#[test]
fn equal_structures_are_one_type() {
    let files = generate(&document(), "").unwrap();
    let text = text(&files);
    assert_eq!(text.matches("    Address {").count(), 1, "{text}");
    assert!(text.contains("home: Address = view \"home\" Optional "));
    assert!(text.contains("work: Address = view \"work\" Optional "));
    assert!(text.contains("status: CustomerStatus = field \"status\" Optional "));
    assert!(
        text.contains(
            "kind: impl Into<CustomerStatus> = put<CustomerStatus> \"kind\", clear_kind "
        )
    );
    assert_eq!(text.matches("Off = 0 \"off\", On = 1 \"on\",").count(), 1);
}

#[test]
fn references_unions_and_unsettable_parameters_are_told() {
    let text = text(&generate(&document(), "").unwrap());
    assert!(
        text.contains("parent: Expandable<Customer> = field \"parent\" Optional "),
        "{text}"
    );
    assert!(text.contains("as_bank: Bank = \"bank_account\";"), "{text}");
    assert!(
        text.contains("source: CustomerSource = view \"source\" Nullable "),
        "{text}"
    );
    assert!(
        text.contains("CreateCustomer(email: impl Into<String> = text \"email\") {"),
        "{text}"
    );
    assert!(
        text.contains("address: AddressParams = fields \"address\", clear_address "),
        "{text}"
    );
    assert!(!text.contains("expand:"), "{text}");
    assert!(
        text.contains("fn create(; CreateCustomer) -> Customer = post"),
        "{text}"
    );
    assert!(text.contains("fn retrieve(id) -> Customer = get"), "{text}");
}

#[test]
fn objects_that_nothing_tells_apart_become_one() {
    let mut document = document();
    let schemas = &mut document["components"]["schemas"];
    let words = |words: &[&str]| json!({ "type": "string", "enum": words });
    schemas["card_options"] = object(
        &json!({ "kept": words(&["a", "b"]), "a": { "type": "string" } }),
        &["a", "kept"],
    );
    schemas["client"] = object(&json!({ "kept": words(&["b", "c"]) }), &["kept"]);
    schemas["customer"]["properties"]["options"] = json!({ "anyOf": [
        { "$ref": "#/components/schemas/card_options" },
        { "$ref": "#/components/schemas/client" },
    ] });
    let text = text(&generate(&document, "").unwrap());
    assert!(text.contains("options: CustomerOptions = view"), "{text}");
    assert!(text.contains("a: &str = text \"a\" Optional "), "{text}");
    assert!(
        text.contains("\"kept\" Required \"`a`, `b` or `c`;"),
        "{text}"
    );
    assert!(!text.contains("as_client"), "{text}");
}

#[test]
fn docs_say_what_types_and_formats_tell() {
    let mut document = document();
    let customer = &mut document["components"]["schemas"]["customer"]["properties"];
    customer["created"] = json!({ "type": "integer", "format": "unix-time" });
    let text = text(&generate(&document, "").unwrap());
    assert!(text.contains("Required \"Text; always there.\";"), "{text}");
    assert!(text.contains("\"Seconds since 1970; may be missing.\";"));
    assert!(text.contains("\"`off` or `on`; may be missing.\";"));
    assert!(text.contains("\"Sets `kind`. `off` or `on`.\";"));
}

#[test]
fn a_note_that_not_every_place_has_is_taken_back() {
    let mut document = document();
    let city = &mut document["components"]["schemas"]["address"]["properties"]["city"];
    city["format"] = json!("currency");
    let text = text(&generate(&document, "").unwrap());
    assert_eq!(text.matches("    Address {").count(), 1, "{text}");
    assert!(!text.contains("A currency"), "{text}");
}

#[test]
fn calls_and_objects_link_to_the_reference() {
    let text = text(&generate(&document(), "").unwrap());
    let site = "https://docs.stripe.com/api/customers";
    assert!(text.contains(&format!("`customer`: [reference]({site}/object).")));
    assert!(text.contains(&format!("`customers`: [reference]({site}).")));
    assert!(text.contains("\"/v1/customers/{id}\" \"customers/retrieve\";"));
}

#[test]
fn a_second_type_of_a_name_is_told_by_its_kind() {
    let mut document = document();
    let customer = &mut document["components"]["schemas"]["customer"]["properties"];
    customer["kind"] = json!({ "type": "string", "enum": ["a", "b"] });
    document["components"]["schemas"]["customer_kind"] =
        object(&json!({ "city": { "type": "integer" } }), &[]);
    customer_uses_kind(&mut document);
    let text = text(&generate(&document, "").unwrap());
    assert!(text.contains("kind: CustomerKindWord = field"), "{text}");
    assert!(text.contains("other: CustomerKind = view"), "{text}");
}

fn customer_uses_kind(document: &mut Value) {
    let customer = &mut document["components"]["schemas"]["customer"]["properties"];
    customer["other"] = json!({ "$ref": "#/components/schemas/customer_kind" });
}

#[test]
fn what_only_a_call_of_another_noun_takes_is_there_with_that_noun() {
    let mut document = document();
    let mut plan = object(&json!({ "id": { "type": "string" } }), &["id"]);
    plan["x-resourceId"] = json!("plan");
    document["components"]["schemas"]["plan"] = plan;
    let form = object(&json!({ "pace": { "type": "string" } }), &[]);
    document["paths"]["/v1/customers/{id}/plans"] = json!({ "post": {
        "responses": answers("plan"),
        "requestBody": { "content": { "application/x-www-form-urlencoded": { "schema": form } } },
    } });
    let files = generate(&document, "").unwrap();
    let has = |file: &str, word: &str| files[file].contains(word);
    assert!(has("src/generated/customer.rs", "    CreateCustomer("));
    assert!(has("src/generated/shared_full.rs", "    PlansCustomer("));
    assert!(!has("src/generated/customer.rs", "    PlansCustomer("));
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let first = generate(&document(), "").unwrap();
    assert_eq!(first, generate(&document(), "").unwrap());
    assert_eq!(
        first,
        generate(&document(), &first["codegen.lock"]).unwrap()
    );
}

#[test]
fn a_new_field_moves_no_name() {
    let lock = generate(&document(), "").unwrap()["codegen.lock"].clone();
    let mut changed = document();
    let address = &mut changed["components"]["schemas"]["address"]["properties"];
    address["zip"] = json!({ "type": "string" });
    let after = generate(&changed, &lock).unwrap()["codegen.lock"].clone();
    let names = |lock: &str| -> Vec<String> {
        lock.lines()
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect()
    };
    let lost: Vec<String> = names(&lock)
        .into_iter()
        .filter(|name| !names(&after).contains(name))
        .collect();
    assert_eq!(lost, Vec::<String>::new());
    // `work` keeps the old structure and thus the old name; `home` has a name of its own.
    assert_eq!(names(&after).len(), names(&lock).len() + 1, "{after}");
}

#[test]
fn a_name_of_the_lock_is_kept_although_another_is_better() {
    let lock = generate(&document(), "").unwrap()["codegen.lock"].clone();
    let renamed = lock.replace("CustomerStatus ", "OldWord ");
    assert!(text(&generate(&document(), &renamed).unwrap()).contains("status: OldWord"));
}

#[test]
fn a_document_that_is_none_is_refused() {
    assert!(
        generate(&json!({}), "")
            .unwrap_err()
            .contains("info.version")
    );
}

#[test]
fn a_file_that_differs_and_one_too_many_are_named() {
    let root = Scratch::new("codegen");
    let folder = root.path().join(CRATE);
    let files = generate(&document(), "").unwrap();
    super::write(&folder, &files, &mut Vec::new()).unwrap();
    assert!(compare(&folder, &files, &mut Vec::new()).unwrap());
    std::fs::write(folder.join("src/generated/stray.rs"), "").unwrap();
    std::fs::write(folder.join("api_surface.txt"), "changed").unwrap();
    let mut out = Vec::new();
    assert!(!compare(&folder, &files, &mut out).unwrap());
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("stray.rs: is not generated"), "{out}");
    assert!(out.contains("api_surface.txt: is not what"), "{out}");
}
