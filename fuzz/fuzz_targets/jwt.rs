#![no_main]

//! The bytes as a key set, as a compact token, as its parts, and as claims that our key signed.

use std::{sync::LazyLock, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{Clock, SystemClock};
use integration_jwt::{Algorithm, Key, KeySet, SigningKey, Validator};
use serde_json::{Map, Value};
use tokio::{
    runtime::{Builder, Runtime},
    time::Instant,
};

const NOW: Duration = Duration::from_secs(1_800_000_000);
const LEEWAY: Duration = Duration::from_secs(60);
const ISSUER: &str = "https://as.example.test";
const AUDIENCE: &str = "https://api.example.test";

/// It is always the same second, so that an input that was found stays one.
#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        NOW
    }
}

struct World {
    runtime: Runtime,
    signer: SigningKey,
    keys: KeySet,
    /// Of access tokens and of ID tokens.
    validators: [Validator; 2],
    /// One that is good.
    token: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let signer = SigningKey::generate(Algorithm::EdDsa)
        .unwrap()
        .with_kid("k");
    let keys = KeySet::new(vec![signer.verifying_key().unwrap()]);
    let validator = |builder: integration_jwt::ValidatorBuilder| {
        let builder = builder.algorithms([Algorithm::EdDsa]).leeway(LEEWAY);
        let builder = builder
            .keys(keys.clone())
            .clock(std::sync::Arc::new(FixedClock));
        builder.build().unwrap()
    };
    let of_issuer = || Validator::issuer(ISSUER).audience(AUDIENCE);
    let claims = serde_json::json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "u", "client_id": "app", "jti": "t",
        "iat": NOW.as_secs(), "exp": NOW.as_secs() + 600,
    });
    let token = signer.sign("at+jwt", &Map::new(), &claims).unwrap();
    let world = World {
        runtime: Builder::new_current_thread().enable_time().build().unwrap(),
        validators: [
            validator(of_issuer().access_tokens()),
            validator(of_issuer().id_tokens()),
        ],
        signer,
        keys,
        token,
    };
    assert!(world.is_accepted(&world.token), "the good token is refused");
    world
});

impl World {
    /// Whether a validator accepts the token. What it accepts is ours, for us, and not expired.
    fn is_accepted(&self, token: &str) -> bool {
        let mut is_accepted = false;
        for validator in &self.validators {
            let judged = self
                .runtime
                .block_on(validator.check::<Map<String, Value>>(token));
            let Ok(claims) = judged else { continue };
            assert_eq!(claims.issuer, ISSUER);
            assert!(claims.audience.iter().any(|name| name == AUDIENCE));
            assert!(claims.expires_at + LEEWAY > NOW, "it has expired");
            assert!(claims.issued_at.is_none_or(|date| date <= NOW + LEEWAY));
            is_accepted = true;
        }
        is_accepted
    }

    /// Any token but the good one.
    fn refuses(&self, token: &str) {
        if token == self.token {
            return;
        }
        assert!(self.keys.verify(token).is_err(), "it verifies: {token}");
        assert!(!self.is_accepted(token), "it is accepted: {token}");
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let world = &*WORLD;
    let _ = Key::from_jwk(data);
    if let Ok(keys) = KeySet::from_jwks(data) {
        assert_eq!(keys.is_empty(), keys.len() == 0);
        assert!(keys.verify(&world.token).is_err(), "a foreign key verifies");
    }

    // Nobody but the signer makes a token: not as it is, nor of any header, payload and signature.
    world.refuses(&String::from_utf8_lossy(data));
    let parts: Vec<String> = data
        .split(|byte| *byte == b'\n')
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .collect();
    world.refuses(&parts.join("."));
    let (_, signature) = world.token.rsplit_once('.').unwrap();
    world.refuses(&format!("{}.{signature}", parts.join(".")));

    // Whatever an issuer signs, only what is right is accepted.
    let Ok(claims @ Value::Object(_)) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    for typ in ["at+jwt", "JWT"] {
        let token = world.signer.sign(typ, &Map::new(), &claims).unwrap();
        world.is_accepted(&token);
    }
});
