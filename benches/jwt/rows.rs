//! Who checks a token, each as a row.

use std::{
    fmt::Debug,
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use integration_benches::row::Row;
use integration_jwt::{KeySet, Validator};
use jsonwebtoken::{DecodingKey, Validation, decode, jwk::Jwk};
use serde::Deserialize;

use crate::tokens::{AUDIENCE, ISSUER, SCOPE, SUBJECT, Signed};

/// What an application reads of a token.
#[derive(Deserialize)]
pub(crate) struct Scopes {
    pub(crate) sub: String,
    pub(crate) scope: String,
}

pub(crate) const OURS: &str = "integration-jwt";
pub(crate) const PEER: &str = "jsonwebtoken";
pub(crate) const FLOOR: &str = "aws-lc-rs, the signature alone";

pub(crate) fn name(algorithm: &str, who: &str) -> String {
    format!("{algorithm}, {who}")
}

/// Measures a check that takes the token and refuses all that are not to be taken.
pub(crate) fn row<E: Debug>(
    signed: &Signed,
    who: &str,
    check: impl Fn(&str) -> Result<Scopes, E> + 'static,
) -> Row {
    let name = name(signed.algorithm, who);
    let read = check(&signed.token).unwrap();
    assert_eq!((read.sub.as_str(), read.scope.as_str()), (SUBJECT, SCOPE));
    for (what, token) in &signed.refused {
        assert!(check(token).is_err(), "{name} takes {what}");
    }
    let token = signed.token.clone();
    Row::new(name, move |operations| {
        for _ in 0..operations {
            black_box(&check(black_box(&token)).unwrap());
        }
    })
}

pub(crate) fn ours(signed: &Signed) -> Row {
    let keys = format!("{{\"keys\":[{}]}}", signed.jwk);
    let keys = KeySet::from_jwks(keys.as_bytes()).unwrap();
    let validator = Validator::issuer(ISSUER).audience(AUDIENCE).access_tokens();
    let validator = validator.keys(keys).build().unwrap();
    row(signed, OURS, move |token| {
        ready(validator.check::<Scopes>(token)).map(|claims| claims.extra)
    })
}

pub(crate) fn peer(signed: &Signed) -> Row {
    let jwk: Jwk = serde_json::from_value(signed.jwk.clone()).unwrap();
    let key = DecodingKey::from_jwk(&jwk).unwrap();
    let mut validation = Validation::new(signed.algorithm.parse().unwrap());
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    row(signed, PEER, move |token| {
        decode::<Scopes>(token, &key, &validation).map(|decoded| decoded.claims)
    })
}

/// What the backend takes for the signature alone: nobody who uses it is faster.
pub(crate) fn floor(signed: Signed) -> Row {
    let (message, signature) = signed.parts();
    Row::new(name(signed.algorithm, FLOOR), move |operations| {
        for _ in 0..operations {
            assert!((signed.verify)(black_box(&message), black_box(&signature)));
        }
    })
}

/// With keys at hand a check never waits.
pub(crate) fn ready<F: Future>(check: F) -> F::Output {
    match pin!(check).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(checked) => checked,
        Poll::Pending => panic!("a check waits"),
    }
}
