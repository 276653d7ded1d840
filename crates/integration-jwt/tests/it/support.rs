//! Issuers with keys made on the spot, and tokens signed by them.

use std::{
    collections::HashMap,
    env,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{
    Clock, Error, SystemClock,
    http::{
        AttemptRequest, Client, HeaderMap, RawBody, RawResponse, StatusCode, Transport,
        TransportError,
    },
};
use integration_jwt::{Claims, KeySet, Refusal, Rejection, Validator, ValidatorBuilder};
use integration_testkit::leaks;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// When the tests take place, since the Unix epoch.
pub(crate) const NOW: Duration = Duration::from_secs(1_800_000_000);

pub(crate) const ISSUER: &str = "https://as.example.test";
pub(crate) const AUDIENCE: &str = "https://api.example.test";

/// A wall clock that can be set while it runs; the monotonic one is tokio's.
#[derive(Debug)]
pub(crate) struct JumpClock {
    started: Instant,
    unix: Mutex<Duration>,
}

impl JumpClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            started: SystemClock.now(),
            unix: Mutex::new(NOW),
        })
    }

    /// What a laptop sees that slept for so long: the monotonic clock stood still.
    pub(crate) fn sleep_of_the_machine(&self, time: Duration) {
        *self.unix.lock().unwrap() += time;
    }

    pub(crate) fn set_back(&self, time: Duration) {
        *self.unix.lock().unwrap() -= time;
    }
}

impl Clock for JumpClock {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        *self.unix.lock().unwrap() + (self.now() - self.started)
    }
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key that signs.
pub(crate) enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Mac(Vec<u8>),
}

impl Signer {
    pub(crate) fn rsa(size: KeySize) -> Self {
        Self::Rsa(RsaKeyPair::generate(size).unwrap())
    }

    pub(crate) fn ec() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn ed() -> Self {
        Self::Ed(Ed25519KeyPair::generate().unwrap())
    }

    pub(crate) fn alg(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
            Self::Ed(_) => "EdDSA",
            Self::Mac(_) => "HS256",
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Self::Ec(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(key) => key.sign(message).as_ref().to_vec(),
            Self::Mac(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
        }
    }

    /// The public half, or the secret, as a JWK with its algorithm.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let mut jwk = match self {
            Self::Rsa(key) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
                json!({"kty": "RSA", "n": b64(public.n), "e": b64(public.e)})
            }
            Self::Ec(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y)})
            }
            Self::Ed(key) => json!({"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key())}),
            Self::Mac(secret) => json!({"kty": "oct", "k": b64(secret)}),
        };
        jwk["kid"] = kid.into();
        jwk["use"] = "sig".into();
        jwk["alg"] = self.alg().into();
        jwk
    }

    /// Signs a header and a payload just as they are.
    pub(crate) fn raw(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", b64(header), b64(payload));
        let signature = b64(self.sign(signed.as_bytes()));
        let token = format!("{signed}.{signature}");
        leaks::note("jwt", &token);
        // Whoever has it beside the rest has the token.
        leaks::note("signature", &signature);
        if let Self::Mac(secret) = self {
            leaks::note("secret", &String::from_utf8_lossy(secret));
        }
        token
    }

    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        self.raw(&header.to_string(), &claims.to_string())
    }
}

/// Made once: an RSA key takes a while.
pub(crate) static RS: LazyLock<Signer> = LazyLock::new(|| Signer::rsa(KeySize::Rsa2048));
pub(crate) static ES: LazyLock<Signer> = LazyLock::new(Signer::ec);
pub(crate) static ED: LazyLock<Signer> = LazyLock::new(Signer::ed);

pub(crate) fn jwks(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// The set with one key of each kind: `rs`, `es`, `ed`.
pub(crate) fn key_set() -> KeySet {
    let keys = [RS.jwk("rs"), ES.jwk("es"), ED.jwk("ed")];
    KeySet::from_jwks(jwks(&keys).as_bytes()).unwrap()
}

/// Claims of an access token that is good at [`NOW`].
pub(crate) fn access() -> Value {
    let now = NOW.as_secs();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "client_id": "app", "jti": "t-1",
        "iat": now, "exp": now + 600,
    })
}

pub(crate) fn header(signer: &Signer, kid: &str) -> Value {
    json!({"alg": signer.alg(), "kid": kid, "typ": "at+jwt"})
}

/// Of access tokens, with the keys of [`key_set`].
pub(crate) fn builder() -> ValidatorBuilder {
    let builder = Validator::issuer(ISSUER).audience(AUDIENCE).access_tokens();
    builder.keys(key_set()).clock(Arc::new(FixedClock(NOW)))
}

pub(crate) fn validator() -> Validator {
    builder().build().unwrap()
}

#[derive(Debug)]
pub(crate) struct FixedClock(pub(crate) Duration);

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        self.0
    }
}

/// What a check says: nothing, or the rule that is broken.
pub(crate) async fn verdict(validator: &Validator, token: &str) -> Result<(), Rejection> {
    leaks::note("jwt", token);
    match validator.check::<Map<String, Value>>(token).await {
        Ok(_) => Ok(()),
        Err(refusal) => Err(refusal.rejection().expect("keys are at hand")),
    }
}

/// Changes or, with null, removes members.
pub(crate) fn with(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
            value => object[name] = value.clone(),
        }
    }
    object
}

/// An issuer behind a fake transport: documents by path, and how often they were asked for.
#[derive(Clone, Default)]
pub(crate) struct FakeIssuer(Arc<Shared>);

#[derive(Default)]
struct Shared {
    documents: Mutex<HashMap<String, String>>,
    down: Mutex<bool>,
    delay: Mutex<Duration>,
    fetches: AtomicU32,
    fetched_at: Mutex<Vec<Instant>>,
}

impl FakeIssuer {
    /// Serves discovery and these keys.
    pub(crate) fn new(keys: &[Value]) -> Self {
        let issuer = Self::default();
        let document = json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys")});
        issuer.serve("/.well-known/openid-configuration", document.to_string());
        issuer.serve("/keys", jwks(keys));
        issuer
    }

    pub(crate) fn serve(&self, path: &str, body: String) {
        self.0
            .documents
            .lock()
            .unwrap()
            .insert(path.to_owned(), body);
    }

    pub(crate) fn set_down(&self, down: bool) {
        *self.0.down.lock().unwrap() = down;
    }

    pub(crate) fn set_delay(&self, delay: Duration) {
        *self.0.delay.lock().unwrap() = delay;
    }

    /// How often the keys were asked for.
    pub(crate) fn fetches(&self) -> u32 {
        self.0.fetches.load(Ordering::Relaxed)
    }

    pub(crate) fn fetched_at(&self) -> Vec<Instant> {
        self.0.fetched_at.lock().unwrap().clone()
    }

    pub(crate) fn client(&self, clock: Arc<JumpClock>) -> Client {
        Client::builder()
            .transport(self.clone())
            .clock(clock)
            .build()
            .unwrap()
    }

    pub(crate) fn validator(&self, clock: &Arc<JumpClock>) -> Validator {
        let builder = Validator::issuer(ISSUER).audience(AUDIENCE).access_tokens();
        let builder = builder
            .clock(clock.clone())
            .http(self.client(clock.clone()));
        builder.build().unwrap()
    }
}

impl Transport for FakeIssuer {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        let delay = *self.0.delay.lock().unwrap();
        tokio::time::sleep(delay).await;
        let path = request.url.path();
        if path.ends_with("/keys") || path.ends_with("jwks.json") || path.ends_with("certs") {
            self.0.fetches.fetch_add(1, Ordering::Relaxed);
            self.0.fetched_at.lock().unwrap().push(SystemClock.now());
        }
        let down = *self.0.down.lock().unwrap();
        let body = self.0.documents.lock().unwrap().get(path).cloned();
        let (status, body) = match body {
            _ if down => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
            None => (StatusCode::NOT_FOUND, String::new()),
            Some(body) => (StatusCode::OK, body),
        };
        Ok(RawResponse::new(
            status,
            HeaderMap::new(),
            RawBody::Full(body.into()),
        ))
    }
}

/// What a check with fetched keys says.
pub(crate) async fn check(validator: &Validator, token: &str) -> Result<Claims, Refusal> {
    validator.check(token).await
}

/// Everything that can be seen of an error.
pub(crate) fn shown(refusal: &Refusal) -> String {
    let error = Error::from(refusal.clone());
    format!("{refusal} {refusal:?} {error} {error:?}")
}

/// Recorded cases, which are kept outside the repository: `$INTEGRATION_SHARED`, or `../shared`
/// beside the workspace.
pub(crate) fn recorded() -> Option<PathBuf> {
    let shared = env::var_os("INTEGRATION_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("corpus/jose");
    if !folder.is_dir() {
        eprintln!("skipped: no recorded tokens, set INTEGRATION_SHARED to their folder");
        return None;
    }
    Some(folder)
}
