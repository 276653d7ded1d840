//! `cargo bench -p integration-benches --bench jwt [-- --quick]`: a whole check of a token, signature
//! and claims, beside jsonwebtoken on the same backend with the same tokens.
//!
//! The figures are processor time of one thread.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench is a program for people: it prints, and stops at the first surprise"
)]

mod tokens;

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use integration_benches::{
    bars::{self, Bar},
    machine,
    plan::Plan,
    row::Row,
    table::{Table, Unit},
};
use integration_jwt::{Claims, KeySet, Validator};
use jsonwebtoken::{DecodingKey, Validation, decode, jwk::Jwk};
use serde::Deserialize;

use crate::tokens::{AUDIENCE, ISSUER, Signed};

/// What an application reads of a token.
#[derive(Deserialize)]
struct Scopes {
    sub: String,
    scope: String,
}

/// CPU microseconds of a check at most.
const BARS: [(&str, f64); 3] = [("RS256", 14.0), ("ES256", 34.0), ("EdDSA", 24.0)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs this binary too, without `--bench`: it built, that is the test.
    if arguments.iter().any(|word| word == "--bench") {
        run(Plan::of(&arguments));
    }
}

fn run(plan: Plan) {
    println!("machine: {}", machine::describe());
    println!("{plan:?}\n");
    let mut table = Table::new("a token checked, claims included", Unit::Micros);
    for signed in tokens::all() {
        table.add(ours(&signed));
        table.add(theirs(&signed));
        table.add(floor(signed));
    }
    table.measure(plan);
    println!("| {} | CPU µs |\n|---|---|", table.title);
    for row in &table.rows {
        println!("| {} | {} |", row.name, table.figure(&row.name));
    }
    println!();
    let bar = |(algorithm, most)| {
        let figure = table.figure(&ours_of(algorithm));
        Bar::at_most(algorithm, figure, most)
    };
    bars::print(&BARS.map(bar));
}

/// What the backend takes for the signature alone: nobody who uses it is faster.
fn floor(signed: Signed) -> Row {
    let (message, signature) = signed.parts();
    let name = format!("{}, aws-lc-rs, the signature alone", signed.algorithm);
    Row::new(name, move |operations| {
        for _ in 0..operations {
            assert!((signed.verify)(black_box(&message), black_box(&signature)));
        }
    })
}

fn ours_of(algorithm: &str) -> String {
    format!("{algorithm}, integration-jwt")
}

fn ours(signed: &Signed) -> Row {
    let keys = format!("{{\"keys\":[{}]}}", signed.jwk);
    let keys = KeySet::from_jwks(keys.as_bytes()).unwrap();
    let validator = Validator::issuer(ISSUER).audience(AUDIENCE).access_tokens();
    let validator = validator.keys(keys).build().unwrap();
    let token = signed.token.clone();
    Row::new(ours_of(signed.algorithm), move |operations| {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..operations {
            let check = pin!(validator.check::<Scopes>(black_box(&token)));
            // With keys at hand it never waits.
            let Poll::Ready(checked) = check.poll(&mut context) else {
                panic!("a check waits")
            };
            let claims: Claims<Scopes> = checked.unwrap();
            black_box((&claims.extra.sub, &claims.extra.scope));
        }
    })
}

fn theirs(signed: &Signed) -> Row {
    let jwk: Jwk = serde_json::from_value(signed.jwk.clone()).unwrap();
    let key = DecodingKey::from_jwk(&jwk).unwrap();
    let mut validation = Validation::new(signed.algorithm.parse().unwrap());
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    let token = signed.token.clone();
    let name = format!("{}, jsonwebtoken", signed.algorithm);
    Row::new(name, move |operations| {
        for _ in 0..operations {
            let decoded = decode::<Scopes>(black_box(&token), &key, &validation).unwrap();
            black_box((&decoded.claims.sub, &decoded.claims.scope));
        }
    })
}
