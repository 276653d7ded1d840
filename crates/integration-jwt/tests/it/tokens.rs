//! The rules of all tokens, each with the token that breaks it and nothing else.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::rsa::KeySize;
use integration_jwt::{
    Algorithm, Claims, ErrorKind, Key, KeySet, Rejection, SecretString, Validator,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::{
    AUDIENCE, ED, ES, FixedClock, ISSUER, NOW, RS, Signer, access, b64, builder, header, jwks,
    shown, validator, verdict, with,
};

/// An access token of [`ES`] with these changes to its claims.
fn claims(changes: &Value) -> String {
    ES.token(&header(&ES, "es"), &with(access(), changes))
}

/// An access token of [`ES`] with these changes to its header.
fn headed(changes: &Value) -> String {
    ES.token(&with(header(&ES, "es"), changes), &access())
}

async fn refused(token: &str, why: Rejection) {
    assert_eq!(verdict(&validator(), token).await, Err(why), "{token}");
}

#[tokio::test]
async fn every_algorithm_of_the_key_is_accepted() {
    for (signer, kid) in [(&*RS, "rs"), (&*ES, "es"), (&*ED, "ed")] {
        let token = signer.token(&header(signer, kid), &access());
        assert_eq!(verdict(&validator(), &token).await, Ok(()), "{kid}");
    }
}

#[tokio::test]
async fn of_several_issuers_each_is_judged_by_its_own_rules_and_keys() {
    let other = "https://other.example.test";
    let second = |signer: &Signer, kid| {
        let keys = KeySet::from_jwks(jwks(&[signer.jwk(kid)]).as_bytes()).unwrap();
        let builder = Validator::issuer(other).audience("other-api").keys(keys);
        builder.clock(Arc::new(FixedClock(NOW))).build().unwrap()
    };
    let key = Signer::ec();
    let both = validator().or(second(&key, "es"));
    let plain = json!({"alg": "ES256", "kid": "es", "typ": "JWT"});
    let changes = json!({"iss": other, "aud": "other-api"});
    let theirs = with(access(), &changes);
    assert_eq!(verdict(&both, &claims(&json!({}))).await, Ok(()));
    assert_eq!(verdict(&both, &key.token(&plain, &theirs)).await, Ok(()));

    // The key, the audience and the type of one are nothing with the other.
    for (token, why) in [
        (ES.token(&plain, &theirs), Rejection::BadSignature),
        (
            key.token(&header(&ES, "es"), &access()),
            Rejection::BadSignature,
        ),
        (
            claims(&json!({"aud": "other-api"})),
            Rejection::WrongAudience,
        ),
        (
            key.token(&plain, &with(theirs.clone(), &json!({"aud": AUDIENCE}))),
            Rejection::WrongAudience,
        ),
        (ES.token(&plain, &access()), Rejection::WrongType),
        (
            claims(&json!({"iss": "https://third.test"})),
            Rejection::WrongIssuer,
        ),
        (
            claims(&json!({"iss": null})),
            Rejection::MissingClaim("iss"),
        ),
        (
            claims(&json!({"iss": ["https://other.example.test", ISSUER]})),
            Rejection::BadClaim("iss"),
        ),
    ] {
        assert_eq!(verdict(&both, &token).await, Err(why), "{token}");
    }
    // The first one judges what two are for.
    let again = validator().or(second(&key, "es")).or(second(&ES, "es"));
    assert_eq!(verdict(&again, &key.token(&plain, &theirs)).await, Ok(()));
    assert_eq!(
        verdict(&again, &ES.token(&plain, &theirs)).await,
        Err(Rejection::BadSignature)
    );
}

#[tokio::test]
async fn alg_none_is_refused_in_every_spelling() {
    for alg in [
        "none", "None", "NONE", "nOnE", "", " none", "es256", "ES256 ",
    ] {
        let token = headed(&json!({ "alg": alg }));
        refused(&token, Rejection::AlgorithmNotAllowed).await;
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert!(verdict(&validator(), &format!("{signed}.")).await.is_err());
    }
    for alg in [json!(null), json!(256), json!(["ES256"]), json!({})] {
        let header = with(header(&ES, "es"), &json!({"alg": "x"})).to_string();
        let header = header.replace("\"x\"", &alg.to_string());
        refused(
            &ES.raw(&header, &access().to_string()),
            Rejection::BadHeader("alg"),
        )
        .await;
    }
}

#[tokio::test]
async fn a_public_key_is_never_a_secret() {
    let jwk = RS.jwk("rs");
    let spellings = [
        jwk.to_string(),
        jwk["n"].as_str().unwrap().to_owned(),
        String::new(),
    ];
    for spelling in spellings {
        let forger = Signer::Mac(spelling.into_bytes());
        let token = forger.token(&header(&forger, "rs"), &access());
        refused(&token, Rejection::AlgorithmNotAllowed).await;
    }
}

#[tokio::test]
async fn the_key_decides_the_algorithm() {
    let Signer::Rsa(pair) = Signer::rsa(KeySize::Rsa2048) else {
        panic!("is RSA")
    };
    let mut jwk = Signer::Rsa(pair).jwk("rs");
    jwk["alg"] = "RS256".into();
    let own = builder().keys(KeySet::from_jwks(jwks(&[jwk]).as_bytes()).unwrap());
    let token = headed(&json!({"alg": "PS256", "kid": "rs"}));
    let said = verdict(&own.build().unwrap(), &token).await;
    assert_eq!(said, Err(Rejection::AlgorithmNotAllowed));
    refused(
        &headed(&json!({"kid": "rs"})),
        Rejection::AlgorithmNotAllowed,
    )
    .await;
    refused(
        &headed(&json!({"alg": "EdDSA", "kid": "ed"})),
        Rejection::BadSignature,
    )
    .await;
    let only = builder().algorithms([Algorithm::Rs256]).build().unwrap();
    assert_eq!(
        verdict(&only, &claims(&json!({}))).await,
        Err(Rejection::AlgorithmNotAllowed)
    );
}

#[tokio::test]
async fn a_critical_header_is_refused() {
    for crit in [
        json!(["x"]),
        json!([]),
        json!(["b64"]),
        json!(["exp"]),
        json!(null),
        json!("x"),
    ] {
        let text = with(header(&ES, "es"), &json!({"crit": 0, "x": 1, "b64": null})).to_string();
        let text = text.replace("\"crit\":0", &format!("\"crit\":{crit}"));
        refused(&ES.raw(&text, &access().to_string()), Rejection::Critical).await;
    }
    refused(&headed(&json!({"b64": false})), Rejection::Critical).await;
}

#[tokio::test]
async fn keys_and_addresses_in_the_header_are_never_used() {
    let forger = Signer::ec();
    let jwk = forger.jwk("es");
    for extra in [
        json!({"jwk": jwk}),
        json!({"jku": "http://127.0.0.1:9/keys"}),
        json!({"x5u": "http://127.0.0.1:9/c.pem"}),
        json!({"x5c": ["AAAA"]}),
    ] {
        let token = forger.token(&with(header(&forger, "es"), &extra), &access());
        refused(&token, Rejection::BadSignature).await;
        // Beside the right key they change nothing.
        assert_eq!(verdict(&validator(), &headed(&extra)).await, Ok(()));
    }
}

#[tokio::test]
async fn the_key_id_names_one_key_or_none() {
    refused(&headed(&json!({"kid": "other"})), Rejection::UnknownKey).await;
    refused(&headed(&json!({"kid": ""})), Rejection::UnknownKey).await;
    refused(&headed(&json!({"kid": 1})), Rejection::BadHeader("kid")).await;
    for odd in ["../../dev/null", "es' or '1'='1", "es\u{0}"] {
        refused(&headed(&json!({ "kid": odd })), Rejection::UnknownKey).await;
    }
    let unnamed = headed(&json!({"kid": null}));
    assert_eq!(
        verdict(&validator(), &unnamed).await,
        Ok(()),
        "one key of the algorithm"
    );
    let twice = KeySet::from_jwks(jwks(&[ES.jwk("a"), Signer::ec().jwk("b")]).as_bytes()).unwrap();
    let two = builder().keys(twice).build().unwrap();
    assert_eq!(verdict(&two, &unnamed).await, Err(Rejection::AmbiguousKey));
    let same = KeySet::from_jwks(jwks(&[ES.jwk("es"), Signer::ec().jwk("es")]).as_bytes()).unwrap();
    let same = builder().keys(same).build().unwrap();
    assert_eq!(
        verdict(&same, &headed(&json!({}))).await,
        Err(Rejection::AmbiguousKey)
    );
}

#[test]
fn keys_that_are_weak_or_not_for_signatures_are_not_used() {
    let small = Signer::Mac(vec![7; 31]).jwk("k");
    let es = ES.jwk("k");
    let rs = RS.jwk("k");
    for (jwk, why) in [
        (small, "shorter"),
        (with(es.clone(), &json!({"use": "enc"})), "`use`"),
        (with(es.clone(), &json!({"key_ops": ["sign"]})), "`key_ops`"),
        (with(es.clone(), &json!({"key_ops": "verify"})), "`key_ops`"),
        (with(es.clone(), &json!({"alg": "ES384"})), "`alg`"),
        (with(es.clone(), &json!({"alg": "HS256"})), "`alg`"),
        (with(es.clone(), &json!({"alg": "none"})), "`alg`"),
        (with(es.clone(), &json!({"crv": "P-384"})), "length"),
        (
            with(es.clone(), &json!({"x": es["y"], "y": es["x"]})),
            "point",
        ),
        (with(rs.clone(), &json!({"e": "AQ"})), "`e`"),
        (with(rs.clone(), &json!({"e": "Ag"})), "`e`"),
        (with(rs.clone(), &json!({"n": b64([0xff; 128])})), "2048"),
        (with(rs.clone(), &json!({"n": b64([0xff; 1025])})), "8192"),
        (with(rs.clone(), &json!({"n": b64(roca_modulus())})), "ROCA"),
        (with(rs, &json!({"alg": "ES256"})), "RSA"),
    ] {
        let error = Key::from_jwk(jwk.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(why), "{error} / {why}");
    }
    assert!(
        Key::from_jwk(
            with(es, &json!({"key_ops": ["verify"]}))
                .to_string()
                .as_bytes()
        )
        .is_ok()
    );
}

/// 65537 to the 130th: modulo every small prime a power of 65537, as moduli of that generator are.
fn roca_modulus() -> Vec<u8> {
    let mut digits = vec![1_u32]; // of 16 bits, the lowest first
    for _ in 0..130 {
        let shifted = [&[0], digits.as_slice()].concat();
        digits.push(0);
        let mut carry = 0;
        for (digit, more) in digits.iter_mut().zip(shifted) {
            let sum = *digit + more + carry;
            (*digit, carry) = (sum & 0xffff, sum >> 16);
        }
        digits.extend((carry > 0).then_some(carry));
    }
    let bytes = digits
        .iter()
        .rev()
        .flat_map(|digit| u16::try_from(*digit).unwrap().to_be_bytes());
    bytes.skip_while(|byte| *byte == 0).collect()
}

#[tokio::test]
async fn a_token_has_one_spelling() {
    let token = claims(&json!({}));
    let [head, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    for (odd, why) in [
        (format!("{head}.{payload}"), Rejection::NotThreeParts),
        (format!("{token}.x"), Rejection::NotThreeParts),
        (format!("{token}."), Rejection::NotThreeParts),
        (format!("{head}.{payload}."), Rejection::NotThreeParts),
        (format!(".{payload}.{signature}"), Rejection::NotThreeParts),
        (String::new(), Rejection::NotThreeParts),
        ("..".to_owned(), Rejection::NotThreeParts),
        (format!(" {token}"), Rejection::NotBase64),
        (format!("{token}\n"), Rejection::NotBase64),
        (format!("{token}=="), Rejection::NotBase64),
        (format!("Bearer {token}"), Rejection::NotBase64),
    ] {
        refused(&odd, why).await;
    }
    // 64 bytes leave four bits of the last character unused.
    let (rest, last) = signature.split_at(signature.len() - 1);
    let next = char::from(last.as_bytes()[0] + 1);
    refused(
        &format!("{head}.{payload}.{rest}{next}"),
        Rejection::NotBase64,
    )
    .await;
}

#[tokio::test]
async fn a_token_above_16_kib_is_not_looked_at() {
    let padded = |length: usize| claims(&json!({"pad": "x".repeat(length)}));
    let short = (11_500..12_500)
        .rev()
        .map(padded)
        .find(|token| token.len() <= 16 * 1024)
        .unwrap();
    assert!(short.len() > 16 * 1024 - 4);
    assert_eq!(verdict(&validator(), &short).await, Ok(()));
    refused(&padded(12_500), Rejection::TooLong).await;
    refused(&"a".repeat(16 * 1024 + 1), Rejection::TooLong).await;
}

#[tokio::test]
async fn names_that_stand_twice_and_deep_nesting_are_refused() {
    let plain = access().to_string();
    let (head, body) = (header(&ES, "es").to_string(), plain.trim_end_matches('}'));
    for claim in [
        "\"exp\":1",
        "\"aud\":\"x\"",
        "\"\\u0065xp\":1",
        "\"x\":{\"a\":1,\"a\":1}",
    ] {
        refused(
            &ES.raw(&head, &format!("{body},{claim}}}")),
            Rejection::DuplicateName,
        )
        .await;
    }
    let twice = head.replace('{', "{\"alg\":\"none\",");
    refused(&ES.raw(&twice, &plain), Rejection::DuplicateName).await;
    let deep = format!("{body},\"x\":{}{}}}", "[".repeat(32), "]".repeat(32));
    refused(&ES.raw(&head, &deep), Rejection::NotJson).await;
    for payload in ["", "null", "[]", "\"text\"", "{} {}", "\u{feff}{}"] {
        refused(&ES.raw(&head, payload), Rejection::NotJson).await;
    }
}

#[tokio::test]
async fn issuer_audience_and_expiry_are_required_and_of_their_type() {
    use Rejection::{BadClaim, MissingClaim, WrongAudience, WrongIssuer};
    for (changes, why) in [
        (json!({"iss": null}), MissingClaim("iss")),
        (json!({"iss": [ISSUER]}), BadClaim("iss")),
        (json!({"iss": ""}), BadClaim("iss")),
        (json!({"iss": format!("{ISSUER}/")}), WrongIssuer),
        (json!({"iss": ISSUER.to_uppercase()}), WrongIssuer),
        (json!({"aud": null}), MissingClaim("aud")),
        (json!({"aud": []}), BadClaim("aud")),
        (json!({"aud": [AUDIENCE, 1]}), BadClaim("aud")),
        (json!({"aud": {AUDIENCE: 1}}), BadClaim("aud")),
        (json!({"aud": 1}), BadClaim("aud")),
        (json!({"aud": format!("{AUDIENCE}.evil")}), WrongAudience),
        (json!({"aud": ["x", "y"]}), WrongAudience),
        (json!({"exp": null}), MissingClaim("exp")),
        (json!({"exp": "1900000000"}), BadClaim("exp")),
        (json!({"exp": true}), BadClaim("exp")),
        (json!({"exp": -1}), BadClaim("exp")),
        (json!({"exp": 1e300}), BadClaim("exp")),
        (json!({"exp": {}}), BadClaim("exp")),
        (json!({"sub": 7}), BadClaim("sub")),
        (json!({"sub": ""}), BadClaim("sub")),
        (json!({"jti": null}), MissingClaim("jti")),
        (json!({"client_id": null}), MissingClaim("client_id")),
        (json!({"iat": null}), MissingClaim("iat")),
        (json!({"iat": "1"}), BadClaim("iat")),
        (json!({"nbf": []}), BadClaim("nbf")),
    ] {
        refused(&claims(&changes), why).await;
    }
    // A null in a payload, which `with` would take for an absent claim.
    for name in ["exp", "aud", "nbf", "sub"] {
        let text = with(access(), &json!({name: "NULL"})).to_string();
        let text = text.replace("\"NULL\"", "null");
        refused(
            &ES.raw(&header(&ES, "es").to_string(), &text),
            BadClaim(name),
        )
        .await;
    }
    assert_eq!(
        verdict(&validator(), &claims(&json!({"aud": ["x", AUDIENCE]}))).await,
        Ok(())
    );
}

#[tokio::test]
async fn clocks_may_differ_by_60_seconds_and_no_more() {
    let now = NOW.as_secs();
    for (changes, said) in [
        (json!({"exp": now - 59}), Ok(())),
        (json!({"exp": now - 60}), Err(Rejection::Expired)),
        (json!({"nbf": now + 60}), Ok(())),
        (json!({"nbf": now + 61}), Err(Rejection::NotYetValid)),
        (json!({"iat": now + 60}), Ok(())),
        (json!({"iat": now + 61}), Err(Rejection::IssuedInFuture)),
        (json!({"exp": now as f64 + 0.5}), Ok(())),
    ] {
        assert_eq!(
            verdict(&validator(), &claims(&changes)).await,
            said,
            "{changes}"
        );
    }
    let strict = builder().leeway(Duration::ZERO).build().unwrap();
    assert_eq!(
        verdict(&strict, &claims(&json!({"exp": now}))).await,
        Err(Rejection::Expired)
    );
}

#[tokio::test]
async fn a_token_of_another_kind_is_no_access_token() {
    for typ in [
        json!("JWT"),
        json!("logout+jwt"),
        json!("dpop+jwt"),
        json!(""),
        json!(null),
    ] {
        refused(&headed(&json!({ "typ": typ })), Rejection::WrongType).await;
    }
    refused(&headed(&json!({"typ": 1})), Rejection::BadHeader("typ")).await;
    for typ in ["AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
        assert_eq!(
            verdict(&validator(), &headed(&json!({ "typ": typ }))).await,
            Ok(()),
            "{typ}"
        );
    }
    let plain = Validator::issuer(ISSUER).audience(AUDIENCE);
    let plain = plain
        .keys(crate::support::key_set())
        .clock(Arc::new(FixedClock(NOW)));
    let plain = plain.build().unwrap();
    assert_eq!(
        verdict(&plain, &headed(&json!({}))).await,
        Err(Rejection::WrongType)
    );
    assert_eq!(
        verdict(&plain, &headed(&json!({"typ": null}))).await,
        Ok(())
    );
}

#[tokio::test]
async fn a_shared_secret_fits_tokens_with_any_key_id() {
    let secret = "0123456789abcdef0123456789abcdef";
    let signer = Signer::Mac(secret.as_bytes().to_vec());
    let secret = SecretString::from(secret);
    let key = Key::hmac(Algorithm::Hs256, &secret).unwrap();
    let own = builder()
        .keys(KeySet::new(vec![key.clone()]))
        .build()
        .unwrap();
    let token = signer.token(&header(&signer, "any"), &access());
    assert_eq!(verdict(&own, &token).await, Ok(()));
    let named = builder()
        .keys(KeySet::new(vec![key.with_kid("one")]))
        .build()
        .unwrap();
    assert_eq!(verdict(&named, &token).await, Err(Rejection::UnknownKey));
    for algorithm in [Algorithm::Hs384, Algorithm::Hs512, Algorithm::Rs256] {
        assert!(Key::hmac(algorithm, &secret).is_err(), "{algorithm:?}");
    }
}

#[tokio::test]
async fn claims_are_read_into_a_type_and_shown_without_what_is_personal() {
    #[derive(Deserialize)]
    struct Scopes {
        scope: String,
    }
    let canary = integration_testkit::Canary::new();
    let token = claims(&json!({"scope": "read", "email": canary.as_str(), "sub": canary.as_str()}));
    let read: Claims<Scopes> = validator().check(&token).await.unwrap();
    assert_eq!(read.extra.scope, "read");
    assert_eq!(read.subject.as_deref(), Some(canary.as_str()));
    assert_eq!(read.expires_at, NOW + Duration::from_secs(600));
    canary.assert_absent(&format!("{read:?}"));
    let all: Claims = validator().check(&token).await.unwrap();
    canary.assert_absent(&format!("{all:?} {all:#?}"));
    let shape = validator()
        .check::<Scopes>(&claims(&json!({})))
        .await
        .unwrap_err();
    assert_eq!(shape.rejection(), Some(Rejection::WrongShape));
}

#[tokio::test]
async fn no_token_and_no_key_is_in_any_error_or_debug() {
    let canary = integration_testkit::Canary::new();
    let hidden = canary.as_str();
    for token in [
        claims(&json!({"sub": hidden, "exp": 1})),
        headed(&json!({"kid": hidden})),
        headed(&json!({"typ": hidden})),
        headed(&json!({"alg": hidden})),
        ES.raw(hidden, hidden),
        hidden.to_owned(),
    ] {
        let refusal = validator()
            .check::<Map<String, Value>>(&token)
            .await
            .unwrap_err();
        let seen = shown(&refusal);
        canary.assert_absent(&seen);
        let start = token.get(..60).unwrap_or(&token);
        assert!(!seen.contains(start), "{seen}");
    }
    let key = Key::hmac(Algorithm::Hs256, &canary.secret()).unwrap();
    let own = builder().keys(KeySet::new(vec![key.clone()]));
    canary.assert_absent(&format!("{key:?} {own:?}"));
    canary.assert_absent(&format!("{:?}", own.build().unwrap()));
}

#[test]
fn a_validator_that_would_accept_too_much_is_not_built() {
    for (builder, why) in [
        (Validator::issuer(ISSUER), "audience"),
        (Validator::issuer(""), "issuer"),
        (Validator::issuer(ISSUER).audience(""), "audience"),
        (
            Validator::issuer(ISSUER).clerk_sessions(Vec::<String>::new()),
            "party",
        ),
        (builder().leeway(Duration::from_secs(301)), "leeway"),
        (
            Validator::issuer("http://as.example.test").audience("a"),
            "https",
        ),
        (
            Validator::issuer(ISSUER).audience("a").jwks_uri("ftp://x/"),
            "https",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn an_rsa_key_of_2048_bits_is_the_smallest() {
    assert!(
        Key::from_jwk(
            Signer::rsa(KeySize::Rsa2048)
                .jwk("k")
                .to_string()
                .as_bytes()
        )
        .is_ok()
    );
}

#[test]
fn nobody_brings_the_rsa_crate_or_a_second_backend() {
    let lock = include_str!("../../../../Cargo.lock");
    for name in ["rsa", "openssl", "openssl-sys", "boring", "boring-sys"] {
        assert!(
            !lock.contains(&format!("name = \"{name}\"\n")),
            "{name} is in the tree"
        );
    }
    assert!(lock.contains("name = \"aws-lc-rs\"\n"));
    // Ours does not lean on a crate whose backend another crate can take away.
    let own = include_str!("../../Cargo.toml");
    assert!(!own.contains("jsonwebtoken"));
}
