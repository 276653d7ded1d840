//! Each preset against what its provider documents that it answers, with invented values.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use integration_core::ExposeSecret as _;
use integration_jwt::{Algorithm, SigningKey};
use integration_oauth::{
    AuthorizeRequest, CodeExchange, OAuthError, Provider, Refresher as _, Scopes, TokenSet,
    Trouble,
    preset::{AuthMethod, BodyFormat, Pkce, Preset, Trade, TradeMethod},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::support::{NOW, Sent, Server, builder};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    #[serde(default)]
    params: BTreeMap<String, String>,
    authorize: Authorize,
    /// Fields of the redirect back to us.
    #[serde(default)]
    callback: Map<String, Value>,
    /// To a code.
    answer: Value,
    userinfo: Option<Value>,
    expected: Expected,
    /// To the trade for a token that lasts longer, where there is one.
    traded: Option<Value>,
    /// To a refresh token, or to an access token that renews itself; none where neither is.
    refreshed: Option<Value>,
    refreshed_lasts_s: Option<u64>,
    error: Refusal,
}

/// Where a login with the scopes of the preset goes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Authorize {
    /// None where it is discovered.
    at: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// None where only the ID token says it, or nothing does.
    account: Option<String>,
    scopes: Option<Vec<String>>,
    /// None where it lasts until it is refused.
    lasts_s: Option<u64>,
    #[serde(default)]
    also: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    status: u16,
    body: Value,
    /// None where there is no word at all.
    code: Option<String>,
    trouble: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/presets")
}

fn fixture(name: &str) -> Fixture {
    let text = fs::read_to_string(folder().join(format!("{name}.json")));
    let text = text.unwrap_or_else(|error| panic!("{name} has no fixture: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What a customer has, of a server that answers what the test says.
fn provider(name: &str, fixture: &Fixture, server: &Server) -> Provider {
    let mut preset = Preset::named(name).unwrap();
    // What is discovered, and requests that are pushed, have tests of their own.
    let host = preset.issuer.take().unwrap_or_default();
    preset.par = None;
    // Without its metadata nobody says what it lists.
    if preset.pkce == Pkce::Listed {
        preset.pkce = Pkce::S256;
    }
    for (field, path) in [
        (&mut preset.authorize, "authorize"),
        (&mut preset.token, "token"),
    ] {
        field.get_or_insert_with(|| format!("{host}/{path}"));
    }
    let auth = preset.auth;
    let mut builder = builder(server, preset);
    for (name, value) in &fixture.params {
        builder = builder.param(name, value);
    }
    match auth {
        Some(AuthMethod::None) => {}
        Some(AuthMethod::SignedSecret) => {
            builder = builder.private_key(SigningKey::generate(Algorithm::Es256).unwrap());
        }
        _ => builder = builder.client_secret("s3cret".to_owned()),
    }
    builder
        .build()
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_preset_has_a_fixture_and_every_fixture_a_preset() {
    let mut files: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|file| file.strip_suffix(".json").unwrap().to_owned())
        .collect();
    files.sort();
    assert_eq!(files, Preset::names().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_login_goes_where_the_provider_says_with_what_it_wants() {
    for name in Preset::names() {
        let fixture = fixture(name);
        let provider = provider(name, &fixture, &Server::default());
        let request = AuthorizeRequest::new("state-1").with_challenge(VERIFIER);
        let url = provider.authorize_url(&request).await;
        let url = url.unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some(at) = &fixture.authorize.at {
            assert_eq!(url.as_str().split('?').next(), Some(at.as_str()), "{name}");
        }
        let mut fields: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let mut take = |name: &str| fields.remove(name);
        assert_eq!(take("response_type").as_deref(), Some("code"), "{name}");
        assert_eq!(take("state").as_deref(), Some("state-1"), "{name}");
        let id = if name == "tiktok" {
            "client_key"
        } else {
            "client_id"
        };
        assert_eq!(take(id).as_deref(), Some("app"), "{name}");
        assert!(take("redirect_uri").is_some(), "{name}");
        let is_bound = take("code_challenge").is_some() && take("code_challenge_method").is_some();
        let data = provider.preset_data();
        assert_eq!(is_bound, data.pkce != Pkce::Off, "{name}");
        assert_eq!(fields, fixture.authorize.fields, "{name}");
    }
}

/// What was sent for tokens is what the preset says.
fn check_sent(name: &str, sent: &Sent, provider: &Provider) {
    let data = provider.preset_data();
    let is_json = sent.header("content-type") == Some("application/json");
    assert_eq!(is_json, data.token_body == BodyFormat::Json, "{name}");
    let json: Value = serde_json::from_str(&sent.body).unwrap_or_default();
    let field = |field: &str| match is_json {
        true => json[field].as_str().map(str::to_owned),
        false => sent.field(field),
    };
    let has_header = sent.header("authorization").is_some();
    let is_basic = data.auth == Some(AuthMethod::Basic);
    assert_eq!(has_header, is_basic, "{name}");
    let has_secret = field("client_secret").is_some();
    let is_posted = matches!(data.auth, Some(AuthMethod::Post | AuthMethod::SignedSecret));
    assert_eq!(has_secret, is_posted, "{name}");
    for (param, value) in &data.token_params {
        assert_eq!(field(param).as_ref(), Some(value), "{name}");
    }
    let id = data.client_id_param.as_deref().unwrap_or("client_id");
    let is_named = field(id).as_deref() == Some("app");
    assert_eq!(is_named, !is_basic, "{name}");
}

/// A token was sent in for another one as the preset says.
fn check_traded(name: &str, sent: &Sent, trade: &Trade, given: &str, provider: &Provider) {
    let data = provider.preset_data();
    let at = sent.url.as_str().split('?').next();
    assert_eq!(
        at,
        trade.address.as_deref().or(data.token.as_deref()),
        "{name}"
    );
    let is_get = trade.method == TradeMethod::Get;
    assert_eq!(sent.method == "GET", is_get, "{name}");
    assert_eq!(sent.body.is_empty(), is_get, "{name}");
    let field = |field: &str| match is_get {
        true => {
            let mut pairs = sent.url.query_pairs();
            pairs
                .find(|(name, _)| name == field)
                .map(|(_, value)| value.into_owned())
        }
        false => sent.field(field),
    };
    assert_eq!(
        field("grant_type").as_ref(),
        Some(&trade.grant_type),
        "{name}"
    );
    assert_eq!(field(&trade.token_field).as_deref(), Some(given), "{name}");
    assert_eq!(
        field("client_secret").is_none(),
        trade.without_client,
        "{name}"
    );
    assert_eq!(field("client_id").is_none(), trade.without_client, "{name}");
}

fn lasts(set: &TokenSet) -> Option<u64> {
    set.expires_at
        .map(|at| at.checked_sub(NOW).unwrap_or(Duration::ZERO).as_secs())
}

async fn check_refreshed(
    name: &str,
    fixture: &Fixture,
    refreshed: &Value,
    held: &TokenSet,
    provider: &Provider,
    server: &Server,
) {
    let next = provider.refresh(held).await;
    let next = next.unwrap_or_else(|error| panic!("{name}: {error}"));
    if let Some(renew) = &provider.preset_data().renew {
        check_traded(name, &server.last(), renew, "access-invented-1", provider);
    } else {
        let data = provider.preset_data();
        let refresh = data.refresh.as_ref().or(data.token.as_ref());
        let sent = server.last();
        assert_eq!(
            refresh.map(String::as_str),
            Some(sent.url.as_str()),
            "{name}"
        );
        check_sent(name, &server.last(), provider);
    }
    assert_eq!(
        next.access_token.expose_secret(),
        "access-invented-2",
        "{name}"
    );
    let lasts_s = fixture.refreshed_lasts_s.or(fixture.expected.lasts_s);
    assert_eq!(lasts(&next), lasts_s, "{name}");
    let given = refreshed["refresh_token"].as_str();
    let kept = held
        .refresh_token
        .as_ref()
        .map(|token| token.expose_secret());
    let now = next
        .refresh_token
        .as_ref()
        .map(|token| token.expose_secret());
    assert_eq!(now, given.or(kept), "{name}");
}

#[tokio::test]
async fn the_documented_answers_are_understood() {
    for name in Preset::names() {
        let fixture = fixture(name);
        let server = Server::default();
        let provider = provider(name, &fixture, &server);
        let token = provider.preset_data().token.clone().unwrap();
        server.json(200, &fixture.answer);
        let trade = provider.preset_data().trade.as_ref();
        assert_eq!(fixture.traded.is_some(), trade.is_some(), "{name}");
        if let Some(traded) = &fixture.traded {
            server.json(200, traded);
        }
        let code = CodeExchange::new("code-1".to_owned()).with_verifier(VERIFIER.to_owned());
        let held = provider.exchange_code(&code).await;
        let held = held.unwrap_or_else(|error| panic!("{name}: {error}"));
        let sent = &server.sent()[0];
        assert_eq!(sent.url.as_str(), token, "{name}");
        check_sent(name, sent, &provider);
        if let Some(trade) = trade {
            check_traded(
                name,
                &server.last(),
                trade,
                "access-short-invented",
                &provider,
            );
        }
        assert_eq!(
            held.access_token.expose_secret(),
            "access-invented-1",
            "{name}"
        );
        assert_eq!(lasts(&held), fixture.expected.lasts_s, "{name}");
        assert!(
            !held.is_expiry_guessed,
            "{name}: say in the preset how long a token lasts"
        );
        let scopes = fixture.expected.scopes.as_ref().map(Scopes::from_iter);
        assert_eq!(held.scopes, scopes, "{name}");
        assert!(
            held.also.keys().eq(&fixture.expected.also),
            "{name}: {held:?}"
        );

        let Some(refreshed) = &fixture.refreshed else {
            assert!(held.refresh_token.is_none(), "{name}");
            continue;
        };
        server.json(200, refreshed);
        check_refreshed(name, &fixture, refreshed, &held, &provider, &server).await;
    }
}

#[tokio::test]
async fn the_documented_errors_are_judged() {
    for name in Preset::names() {
        let fixture = fixture(name);
        let server = Server::default();
        let provider = provider(name, &fixture, &server);
        server.json(fixture.error.status, &fixture.error.body);
        let mut held = TokenSet::new("access-1");
        if provider.preset_data().renew.is_none() {
            held = held.with_refresh_token("refresh-1");
        }
        let error = provider.refresh(&held).await.unwrap_err();
        let said = error
            .provider::<OAuthError>()
            .map(|said| said.code.as_str());
        let found = (said, Trouble::of(&error));
        let trouble = match fixture.error.trouble.as_str() {
            "terminal" => Trouble::Terminal,
            "config" => Trouble::Config,
            "transient" => Trouble::Transient,
            other => panic!("{name}: no trouble is {other}"),
        };
        assert_eq!(found, (fixture.error.code.as_deref(), trouble), "{name}");
    }
}

#[test]
fn the_account_is_found_where_the_preset_says() {
    for name in Preset::names() {
        let (preset, fixture) = (Preset::named(name).unwrap(), fixture(name));
        // Apple sends it at the first login alone.
        for field in preset.keep_from_callback.iter().filter(|_| name != "apple") {
            assert!(fixture.callback.contains_key(field), "{name}: {field}");
        }
        let callback = Value::Object(fixture.callback);
        let userinfo = fixture.userinfo.unwrap_or_default();
        let places = [&fixture.answer, &callback, &userinfo];
        let found = preset.account.iter().find_map(|pointer| {
            let mut values = places.iter().filter_map(|place| place.pointer(pointer));
            values.find(|value| !value.is_null())
        });
        let found = found.map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        assert_eq!(found, fixture.expected.account, "{name}");
    }
}

#[tokio::test]
async fn a_file_of_a_user_is_taken_as_one_of_ours() {
    let preset = Preset::from_toml(
        r#"
        name = "mine"
        authorize = "https://{shop}.example.com/authorize"
        token = "https://{shop}.example.com/token"
        scopes = ["a", "b"]
        scope_separator = ","
        scope_param = "user_scope"
        client_id_param = "app_key"

        [params.shop]
        about = "the name of the shop"
        "#,
    );
    let builder = builder(&Server::default(), preset.unwrap());
    let provider = builder.param("shop", "acme").build().unwrap();
    let request = AuthorizeRequest::new("state-1").with_challenge(VERIFIER);
    let url = provider.authorize_url(&request).await.unwrap();
    assert_eq!(url.host_str(), Some("acme.example.com"));
    let fields: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(fields["user_scope"], "a,b");
    assert_eq!(fields["app_key"], "app");
    assert!(!fields.contains_key("scope") && !fields.contains_key("client_id"));

    let error = Provider::preset("gitub").unwrap_err();
    assert!(
        error.to_string().contains("did you mean github?"),
        "{error}"
    );
}

#[tokio::test]
async fn a_token_that_ends_itself_is_the_bearer_and_names_nobody() {
    let server = Server::default();
    let slack = builder(&server, Preset::named("slack").unwrap());
    let slack = slack.client_secret("s3cret").build().unwrap();
    let mut held = TokenSet::new("bot-1").with_refresh_token("R");
    held.also.insert("user".to_owned(), TokenSet::new("user-1"));
    server.json(200, &json!({"ok": true, "revoked": true}));
    server.json(200, &json!({"ok": false, "error": "token_revoked"}));
    slack.revoke(&held).await.unwrap();
    let sent = server.sent();
    let bearers: Vec<_> = sent
        .iter()
        .map(|sent| sent.header("authorization"))
        .collect();
    assert_eq!(bearers, [Some("Bearer bot-1"), Some("Bearer user-1")]);
    for sent in &sent {
        assert_eq!(sent.url.as_str(), "https://slack.com/api/auth.revoke");
        assert_eq!((sent.method.as_str(), sent.body.as_str()), ("POST", ""));
    }
    let error = json!({"ok": false, "error": "fatal_error", "detail": "of bot-1"});
    server.json(200, &error);
    let error = slack.revoke(&TokenSet::new("bot-1")).await.unwrap_err();
    assert!(!format!("{error:?}").contains("bot-1"), "{error:?}");
}

#[tokio::test]
async fn a_token_that_renews_itself_is_renewed_while_it_lasts() {
    let server = Server::default();
    let preset = Preset::named("instagram").unwrap();
    let instagram = builder(&server, preset).client_secret("s3cret").build();
    let instagram = instagram.unwrap();
    let short = json!({"data": [{"access_token": "short-1", "user_id": "7"}]});
    server.json(200, &short);
    server.answer(503, &[], "");
    server.json(
        200,
        &json!({"access_token": "long-1", "expires_in": 5_000_000}),
    );
    // The code is sent once, the trade again.
    let held = instagram
        .exchange_code(&CodeExchange::new("C"))
        .await
        .unwrap();
    assert_eq!(server.sent().len(), 3);
    assert_eq!(held.access_token.expose_secret(), "long-1");
    assert_eq!(held.expires_at, Some(NOW + Duration::from_secs(5_000_000)));
    assert_eq!(held.refresh_expires_at, held.expires_at);
    assert_eq!(held.extra["data"], json!([{"user_id": "7"}]));
    assert!(instagram.can_refresh(&held));
    // Who repeats what is in the address is not shown.
    let told = json!({"error": {"message": "bad long-1", "type": "OAuthException", "code": 190}});
    server.json(400, &told);
    let error = instagram.refresh(&held).await.unwrap_err();
    assert_eq!(Trouble::of(&error), Trouble::Terminal);
    assert!(
        !format!("{error:?} {error}").contains("long-1"),
        "{error:?}"
    );
}
