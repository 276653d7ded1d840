//! What `sign` signs, `verify` accepts; with any byte of it changed, `verify` refuses.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use integration_webhooks::{
    HmacAlgorithm, HmacEncoding, HmacScheme, Rejection, Scheme, Secret, SecretString, Source,
    Verified,
    sign::{SignRequest, sign},
};
use proptest::prelude::*;

const NOW: Duration = Duration::from_secs(1_767_225_600);

/// Every scheme with a secret for it, put together so that no line looks like one.
fn schemes() -> Vec<(Scheme, String)> {
    let key = "QUFB".repeat(8);
    let text = "made up for tests".to_owned();
    let symmetric = format!("whsec_{key}");
    let mut whole = HmacScheme::default();
    whole.prefix = "sig=".to_owned();
    whole.algorithm = HmacAlgorithm::Sha512;
    whole.encoding = HmacEncoding::Base64;
    whole.content = "a:{id}:{timestamp}:{body}:z".to_owned();
    whole.timestamp_header = Some("x-time".to_owned());
    whole.id_header = Some("x-id".to_owned());
    let mut old = HmacScheme::default();
    old.algorithm = HmacAlgorithm::Sha1;
    vec![
        (Scheme::Stripe, symmetric.clone()),
        (Scheme::GitHub, text.clone()),
        (Scheme::GitHubSha1, text.clone()),
        (Scheme::Slack, text.clone()),
        (Scheme::StandardWebhooks, symmetric.clone()),
        (
            Scheme::StandardWebhooks,
            format!("whsk_{}QUE=", "QUFB".repeat(10)),
        ),
        (Scheme::Svix, symmetric.clone()),
        (Scheme::Clerk, symmetric.clone()),
        (Scheme::Loops, symmetric.clone()),
        (Scheme::SupabaseAuthHook, format!("v1,{symmetric}")),
        (Scheme::Hmac(HmacScheme::default()), text.clone()),
        (Scheme::Hmac(whole), text.clone()),
        (Scheme::Hmac(old), text),
    ]
}

fn signed(scheme: &Scheme, secret: &str, id: &str, body: &[u8]) -> HeaderMap {
    let request = SignRequest {
        id,
        timestamp: NOW,
        body,
    };
    sign(scheme, &SecretString::from(secret), &request)
        .unwrap()
        .into_iter()
        .collect()
}

fn verify(
    scheme: &Scheme,
    secret: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Verified, Rejection> {
    let secret = Secret::new(SecretString::from(secret));
    let source = Source::new("roundtrip", scheme.clone(), vec![secret]).unwrap();
    source.verify(headers, &Bytes::copy_from_slice(body), NOW)
}

/// GitHub's id is a header nobody signs, so changing it goes unnoticed, and changes no dedup key.
fn is_unsigned(name: &HeaderName) -> bool {
    name == "x-github-delivery"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn signed_deliveries_verify_and_changed_ones_do_not(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        id in "[A-Za-z0-9_-]{1,40}",
        at in any::<prop::sample::Index>(),
        flip in 1_u8..=255,
    ) {
        for (scheme, secret) in schemes() {
            let headers = signed(&scheme, &secret, &id, &body);
            prop_assert!(verify(&scheme, &secret, &headers, &body).is_ok(), "{scheme:?}");

            let mut changed = body.clone();
            if changed.is_empty() {
                changed.push(flip);
            } else {
                let at = at.index(changed.len());
                changed[at] ^= flip;
            }
            prop_assert!(verify(&scheme, &secret, &headers, &changed).is_err(), "{scheme:?}");

            for (name, value) in headers.iter().filter(|(name, _)| !is_unsigned(name)) {
                let mut changed = value.as_bytes().to_vec();
                let at = at.index(changed.len());
                changed[at] ^= flip;
                let Ok(changed) = HeaderValue::from_bytes(&changed) else { continue };
                let mut headers = headers.clone();
                headers.insert(name, changed);
                prop_assert!(verify(&scheme, &secret, &headers, &body).is_err(), "{scheme:?} {name}");
            }
        }
    }
}

#[test]
fn no_other_scheme_accepts_a_signed_delivery() {
    let all = schemes();
    for (signer, secret) in &all {
        let headers = signed(signer, secret, "msg_1", b"{}");
        for (verifier, _) in &all {
            let family = |scheme: &Scheme| match scheme {
                Scheme::StandardWebhooks | Scheme::Loops => "webhook",
                Scheme::Clerk => "svix",
                other => other.name(),
            };
            let related = family(signer) == family(verifier)
                || matches!(verifier, Scheme::Svix | Scheme::SupabaseAuthHook)
                || matches!(signer, Scheme::Svix | Scheme::SupabaseAuthHook);
            let Ok(source) = Source::new(
                "other",
                verifier.clone(),
                vec![Secret::new(SecretString::from(secret.as_str()))],
            ) else {
                continue;
            };
            let verdict = source.verify(&headers, &Bytes::from_static(b"{}"), NOW);
            assert!(
                verdict.is_err() || related,
                "{} as {}",
                signer.name(),
                verifier.name()
            );
        }
    }
}

#[test]
fn a_public_key_does_not_sign() {
    let secret = format!("whsk_{}QUE=", "QUFB".repeat(10));
    let request = SignRequest {
        id: "msg_1",
        timestamp: NOW,
        body: b"{}",
    };
    assert!(
        sign(
            &Scheme::StandardWebhooks,
            &SecretString::from(secret),
            &request
        )
        .is_ok()
    );
    // The public key of a seed of zeros, as RFC 8032 derives it.
    let public = ["whpk_", "O2onvM62pC1imYCb7P0E", "qTRIVDlxcZ0IxTwXYAOcx5c="].concat();
    let refused = sign(
        &Scheme::StandardWebhooks,
        &SecretString::from(public),
        &request,
    );
    assert!(refused.is_err());
}

#[test]
fn ids_the_scheme_cannot_carry_are_refused() {
    for id in ["", "a.b", "a b", "a\nb"] {
        let request = SignRequest {
            id,
            timestamp: NOW,
            body: b"{}",
        };
        let secret = SecretString::from("QUFB".repeat(8));
        assert!(
            sign(&Scheme::StandardWebhooks, &secret, &request).is_err(),
            "{id:?}"
        );
    }
}
