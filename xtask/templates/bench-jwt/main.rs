//! A token checked, claims included: ours beside jsonwebtoken and huskarl.
//!
//! huskarl's native backend is in Rust; jsonwebtoken has ours.

#[path = "{{root}}/benches/jwt/rows.rs"]
mod rows;
#[path = "{{root}}/benches/jwt/tokens.rs"]
mod tokens;

use std::{sync::Arc, time::Duration};

use huskarl_core::{
    crypto::verifier::MultiKeyVerifier,
    jwk::PublicJwk,
    jwt::validator::{ClaimCheck, JwtValidator},
};
use huskarl_crypto_native::asymmetric::verifier::AsymmetricPublicKey;
use integration_benches::{
    machine,
    plan::Plan,
    row::Row,
    series::Series,
    table::{Table, Unit},
};
use serde::Deserialize;

use crate::{
    rows::{FLOOR, OURS, PEER, Scopes},
    tokens::{AUDIENCE, ISSUER, Signed},
};

const HUSKARL: &str = "huskarl";

/// What huskarl hands on; it keeps the subject by itself.
#[derive(Clone, Deserialize)]
struct More {
    scope: String,
    #[serde(rename = "client_id")]
    _client_id: String,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let plan = Plan::of(&arguments);
    println!("machine: {}\n{plan:?}\n", machine::describe());
    // huskarl reads public keys alone from a JWKS.
    let all = tokens::all().into_iter();
    let all: Vec<Signed> = all.filter(|signed| signed.algorithm != "HS256").collect();
    let algorithms: Vec<_> = all.iter().map(|signed| signed.algorithm).collect();
    let mut table = Table::new("a token checked, claims included", Unit::Micros);
    for signed in all {
        table.add(rows::ours(&signed));
        table.add(rows::peer(&signed));
        table.add(huskarl(&signed));
        table.add(rows::floor(signed));
    }
    table.measure(plan);
    println!(
        "| {}, CPU µs | {FLOOR} | {OURS} | {PEER} | {HUSKARL} | {PEER} / ours | {HUSKARL} / ours |",
        table.title
    );
    println!("|---|---|---|---|---|---|---|");
    for algorithm in algorithms {
        let of = |who: &str| table.figure(&rows::name(algorithm, who));
        let [floor, ours, peer, huskarl] = [FLOOR, OURS, PEER, HUSKARL].map(of);
        let over = |theirs: &Series| theirs.median() / ours.median();
        let (over_peer, over_huskarl) = (over(&peer), over(&huskarl));
        println!(
            "| {algorithm} | {floor} | {ours} | {peer} | {huskarl} | {over_peer:.2} | {over_huskarl:.2} |"
        );
    }
}

/// What its `Rfc9068Validator` asks of a token, without the header that the token comes in.
fn huskarl(signed: &Signed) -> Row {
    let jwk: PublicJwk = serde_json::from_value(signed.jwk.clone()).unwrap();
    let key = AsymmetricPublicKey::from_jwk(jwk).unwrap();
    let validator = JwtValidator::builder()
        .verifier(MultiKeyVerifier::new(vec![Arc::new(key)]))
        .allowed_algorithms([signed.algorithm.to_owned()])
        .typ("at+jwt")
        .iss(ISSUER)
        .aud(AUDIENCE)
        .sub(ClaimCheck::present())
        .require_exp(true)
        .require_iat(true)
        .require_jti(true)
        .clock_leeway(Duration::from_secs(60))
        .build();
    rows::row(signed, HUSKARL, move |token| {
        rows::ready(validator.validate::<More>(token)).map(|jwt| Scopes {
            sub: jwt.sub.unwrap_or_default(),
            scope: jwt.claims.scope,
        })
    })
}
