//! Presets from text, right and wrong.

use integration_core::ErrorKind;
use proptest::prelude::*;

use super::{load, *};

fn message(text: &str) -> String {
    let error = Preset::from_toml(text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{text}");
    error.to_string()
}

fn refused(text: &str, words: &str) {
    let message = message(text);
    assert!(message.contains(words), "{text}: {message}");
}

const SMALL: &str = "name = \"a\"\ntoken = \"https://a.example/token\"\n";

#[test]
fn every_file_is_built_in_and_valid() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/presets");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|file| file.strip_suffix(".toml").unwrap().to_owned())
        .collect();
    files.sort();
    assert_eq!(files, Preset::names().collect::<Vec<_>>());
    assert!(files.len() >= 40);
    for name in Preset::names() {
        let preset = Preset::named(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(preset.name, name);
        assert!(!preset.title.is_empty(), "{name} has no title");
        assert!(preset.docs.starts_with("https://"), "{name} names no page");
        for (param, about) in &preset.params {
            assert!(!about.about.is_empty(), "{name}: what is {param}?");
        }
    }
}

#[test]
fn the_habits_of_one_provider_are_not_forced_on_another() {
    for name in Preset::names() {
        let preset = Preset::named(name).unwrap();
        let asks = |field| preset.authorize_params.contains_key(field);
        assert_eq!(asks("access_type"), name == "google", "{name}");
        let consents = matches!(name, "google" | "atlassian");
        assert_eq!(asks("prompt"), consents, "{name}");
    }
    let microsoft = Preset::named("microsoft").unwrap();
    assert!(microsoft.scopes.contains(&"offline_access".to_owned()));
}

#[test]
fn an_unknown_name_brings_the_nearest() {
    let error = Preset::named("githb").unwrap_err().to_string();
    assert!(error.contains("did you mean github?"), "{error}");
    let error = Preset::named("qqq").unwrap_err().to_string();
    assert!(!error.contains("did you mean"), "{error}");
}

#[test]
fn a_mistake_names_its_field() {
    refused("name = ", "oauth.preset");
    refused("name = \"A\"", "name of a preset must be");
    refused("name = \"a\"", "token of preset a is missing");
    refused(
        &format!("{SMALL}tokn = 1"),
        "no field tokn, did you mean token?",
    );
    refused(
        &format!("{SMALL}auth = \"posted\""),
        "signed_secret; not posted, did you mean post?",
    );
    refused(&format!("{SMALL}scopes = \"a b\""), "scopes must be a list");
    refused(
        &format!("{SMALL}account = [\"id\"]"),
        "account of preset a holds id, which is no JSON pointer: write /id",
    );
    let param = format!("{SMALL}[params.b]\nabuot = \"x\"");
    refused(&param, "no field params.b.abuot, did you mean about?");
    let rule = format!("{SMALL}[refresh_rules]\nrotate = true");
    refused(
        &rule,
        "no field refresh_rules.rotate, did you mean rotates?",
    );
    let trade = format!("{SMALL}[trade]\ngrant = \"x\"");
    refused(&trade, "no field trade.grant, did you mean grant_type?");
    let trade = format!("{SMALL}[renew]\ngrant_type = \"x\"");
    refused(
        &trade,
        "renew of preset a needs a grant_type and a token_field",
    );
    let trade = format!("{SMALL}[trade]\naddress = \"http://a.example/x\"");
    refused(&trade, "trade of preset a must be https");
    let unused = format!("{SMALL}[params.b]\nabout = \"x\"");
    refused(&unused, "params.b of preset a stands nowhere");
}

#[test]
fn a_word_of_the_standards_leads_to_that_of_a_preset() {
    for (line, words) in [
        ("authorization_endpoint = 1", "did you mean authorize?"),
        ("revocation_endpoint = 1", "did you mean revoke?"),
        ("token_endpoint_auth_method = 1", "did you mean auth?"),
        ("auth = \"client_secret_basic\"", "did you mean basic?"),
        ("auth = \"client_secret_post\"", "did you mean post?"),
        ("auth = \"Basic\"", "auth must be one of basic, "),
        ("auth = true", "auth must be a text"),
        ("pkce = \"S256\"", "did you mean s256?"),
        (
            "pkce = \"plain\"",
            "pkce must be one of s256, listed, off; not plain",
        ),
        ("expires_in = 1", "did you mean expires_in_s?"),
        (
            "expires_in_s = \"1\"",
            "expires_in_s must be a whole number",
        ),
        ("client_secret = \"x\"", "client_secret is of your client"),
        (
            "issuer = \"a.example\"",
            "issuer of preset a is no address: begin it with https://",
        ),
        (
            "issuer = \"http://a.example\"",
            "issuer of preset a must be https",
        ),
        (
            "authorize_params.state = \"x\"",
            "authorize_params.state of preset a is decided",
        ),
        (
            "headers.\"a b\" = \"x\"",
            "headers.a b of preset a is no header",
        ),
        (
            "hosts = [\"https://b.example\"]",
            "holds https://b.example, which is no host",
        ),
        ("params.b = \"x\"", "params.b must be a table"),
        (
            "refresh_rules.rotates = 1",
            "refresh_rules.rotates must be true or false",
        ),
        (
            "refresh_rules.terminal = [{ code = \"x\" }]",
            "no field refresh_rules.terminal.code",
        ),
        (
            "refresh_rules.terminal = [\"x\"]",
            "refresh_rules.terminal must be a list of tables",
        ),
        (
            "trade.method = \"GET\"",
            "trade.method must be one of post, get; not GET, did you mean get?",
        ),
    ] {
        refused(&format!("{SMALL}{line}"), words);
    }
    refused("", "name of the preset is missing");
}

#[test]
fn secrets_go_to_https_or_to_the_loopback() {
    for (address, is_fit) in [
        ("https://a.example/token", true),
        ("http://127.0.0.1:4010/token", true),
        ("http://[::1]:4010/token", true),
        ("http://localhost:4010/token", true),
        ("http://a.example/token", false),
        ("http://localhost.example/token", false),
        ("http://127.0.0.1.example/token", false),
        ("ftp://127.0.0.1/token", false),
        ("https://user:pass@a.example/", false),
        ("https://a.example/#x", false),
        ("/token", false),
        ("https://{host}/token", false),
    ] {
        let text = format!("name = \"a\"\ntoken = \"{address}\"");
        assert_eq!(Preset::from_toml(&text).is_ok(), is_fit, "{address}");
    }
    refused(
        "name = \"a\"\ntoken = \"https://{host}/token\"",
        "token of preset a holds {host}, which is not in params",
    );
}

#[test]
fn the_names_of_fields_are_those_of_the_struct() {
    let known = |error: String| -> Vec<String> {
        let (_, list) = error.split_once("expected one of").unwrap();
        let mut names: Vec<String> = list
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    };
    let of_preset = toml::from_str::<Preset>("zz = 1").unwrap_err().to_string();
    let of_param = toml::from_str::<Param>("zz = 1").unwrap_err().to_string();
    let of_rules = toml::from_str::<RefreshRules>("zz = 1")
        .unwrap_err()
        .to_string();
    let (preset, param) = load::FIELDS.split_at(load::FIELDS.len() - 3);
    assert_eq!(known(of_preset), preset);
    assert_eq!(known(of_param), param);
    assert_eq!(known(of_rules), load::REFRESH_FIELDS);
    let of_trade = toml::from_str::<Trade>("zz = 1").unwrap_err().to_string();
    assert_eq!(known(of_trade), load::TRADE_FIELDS);
}

proptest! {
    #[test]
    fn no_text_panics(text in "[a-z_]{0,8}( = )?[\"\\[{]?.{0,40}(\n.{0,40}){0,4}") {
        let _ = Preset::from_toml(&text);
    }

    #[test]
    fn what_is_valid_sends_secrets_nowhere_else(
        address in "(https?|ftp|file|javascript)?:?/{0,3}[a-z0-9.:@\\[\\]{}#?/-]{0,24}",
    ) {
        let text = format!("name = \"a\"\ntoken = {address:?}");
        if let Ok(preset) = Preset::from_toml(&text) {
            let url = url::Url::parse(&preset.token.unwrap()).unwrap();
            let host = url.host_str().unwrap();
            let is_local = host == "localhost" || host == "[::1]" || host.starts_with("127.");
            prop_assert!(url.scheme() == "https" || (url.scheme() == "http" && is_local), "{url}");
            prop_assert!(url.username().is_empty() && url.fragment().is_none());
        }
    }
}
