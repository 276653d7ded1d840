#![no_main]

//! The bytes as the answer of a token endpoint to a refresh, behind a transport that sends nothing.
//! The first says which status it has, the second what the preset makes of it.

use std::sync::LazyLock;

use integration_core::{
    ExposeSecret as _, SecretString,
    http::{
        AttemptRequest, Client, HeaderMap, RawBody, RawResponse, StatusCode, Transport,
        TransportError,
    },
};
use integration_oauth::{Provider, TokenSet, preset::Preset};
use tokio::runtime::{Builder, Runtime};

const HELD: &str = "held-refresh-token";
const STATUSES: [u16; 6] = [200, 201, 302, 400, 401, 500];

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());

struct Answers(StatusCode, Vec<u8>);

impl Transport for Answers {
    async fn send(&self, _request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        let body = RawBody::Full(self.1.clone().into());
        Ok(RawResponse::new(self.0, HeaderMap::new(), body))
    }
}

/// A provider of its own for each input: nothing that one leaves behind changes the next.
fn provider(status: StatusCode, flags: u8, body: &[u8]) -> Provider {
    let mut preset = Preset::default();
    preset.name = "fuzzed".to_owned();
    preset.token = Some("https://as.example.test/token".to_owned());
    preset.expires_in_is_ms = flags & 1 != 0;
    if flags & 2 != 0 {
        preset.nested = Some("/data".to_owned());
    }
    if flags & 4 != 0 {
        preset
            .also
            .insert("user".to_owned(), "/authed_user".to_owned());
    }
    let client = Client::builder().transport(Answers(status, body.to_vec()));
    let builder = Provider::builder(preset).client_id("app");
    builder.http(client.build().unwrap()).build().unwrap()
}

/// What goes into a header or a form must fit there.
fn check(set: &TokenSet) {
    let fits_header = |token: &SecretString| {
        let token = token.expose_secret();
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    assert!(fits_header(&set.access_token));
    assert!(set.id_token.as_ref().is_none_or(fits_header));
    assert!(matches!(&*set.token_type, "Bearer" | "DPoP"));
    let refresh = set
        .refresh_token
        .as_ref()
        .map(|token| token.expose_secret());
    assert!(refresh.is_none_or(|token| !token.is_empty() && !token.contains(char::is_control)));
    set.also.values().for_each(check);
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [status, flags, body @ ..] = data else {
        return;
    };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let status = StatusCode::from_u16(status).unwrap();
    let held = TokenSet::new("held").with_refresh_token(HELD);
    let provider = provider(status, *flags, body);
    match RUNTIME.block_on(provider.refresh(&held)) {
        Ok(set) => {
            assert!(status.is_success(), "tokens of a failure");
            assert!(set.refresh_token.is_some(), "the refresh token was lost");
            check(&set);
        }
        Err(error) => {
            let shown = error.to_string();
            assert!(!shown.contains(char::is_control), "{shown:?}");
            assert!(!shown.contains(HELD), "a token is in the error");
        }
    }
});
