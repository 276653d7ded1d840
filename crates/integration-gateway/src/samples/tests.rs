use std::{collections::HashSet, time::Duration};

use integration_core::{FastRng, SecretString, SeededRng};
use integration_webhooks::{HmacScheme, Scheme, Source, Verified, WebhookEvent};
use serde_json::json;

use super::*;

const NOW: Duration = Duration::from_secs(1_770_000_000);

/// Fits every scheme: text, and the base64 of 24 bytes.
fn secret() -> SecretString {
    SecretString::from("bm90LWEtc2VjcmV0LWJ1dC0yNC1ieXRl")
}

fn schemes() -> impl Iterator<Item = Scheme> {
    Scheme::names().iter().map(|name| name.parse().unwrap())
}

fn verified(scheme: &Scheme, sample: &Sample) -> Verified {
    let signer = Signer::new(scheme, &secret()).unwrap();
    let headers = sample.sign(&signer, NOW).unwrap();
    let source = Source::new("sample", scheme.clone(), vec![secret().into()]).unwrap();
    source.verify(&headers, &sample.body, NOW).unwrap()
}

fn event(scheme: &Scheme, sample: &Sample) -> WebhookEvent {
    match verified(scheme, sample) {
        Verified::Event(event) => event,
        other => panic!("{}: {other:?}", scheme.name()),
    }
}

#[test]
fn every_sample_of_every_scheme_verifies_as_the_type_asked_for() {
    for scheme in schemes() {
        let more = [*types(&scheme).first().unwrap(), "thing.happened"];
        for wanted in types(&scheme).iter().chain(&more) {
            let sample = Sample::new(&scheme, Some(wanted), &FastRng, NOW).unwrap();
            assert_eq!(sample.event_type, *wanted);
            if *wanted == "url_verification" {
                assert!(matches!(verified(&scheme, &sample), Verified::Handshake(_)));
                continue;
            }
            let event = event(&scheme, &sample);
            let is_untyped = matches!(&scheme, Scheme::Hmac(_));
            let expected = (!is_untyped).then_some(*wanted);
            assert_eq!(event.event_type.as_deref(), expected, "{}", scheme.name());
        }
    }
}

#[test]
fn the_verified_id_is_the_samples_where_the_scheme_has_one_that_stays() {
    for scheme in schemes() {
        let sample = Sample::new(&scheme, None, &FastRng, NOW).unwrap();
        let has_id = !matches!(scheme, Scheme::SupabaseAuthHook | Scheme::Hmac(_));
        let is_same = event(&scheme, &sample).id == sample.id;
        assert_eq!(is_same, has_id, "{}", scheme.name());
    }
}

#[test]
fn no_two_samples_are_the_same_event() {
    for scheme in schemes() {
        let make = |_| Sample::new(&scheme, None, &FastRng, NOW).unwrap();
        let keys = (0..200)
            .map(make)
            .map(|sample| event(&scheme, &sample).dedup);
        assert_eq!(keys.collect::<HashSet<_>>().len(), 200, "{}", scheme.name());
    }
}

#[test]
fn the_same_seed_makes_the_same_samples() {
    let make = || Sample::new(&Scheme::Stripe, None, &SeededRng::new(7), NOW).unwrap();
    assert_eq!(make(), make());
}

#[test]
fn a_generic_sample_has_id_and_type_where_the_configuration_looks() {
    let config: HmacScheme = serde_json::from_value(json!({
        "header": "x-signature", "content": "{id}.{timestamp}.{body}",
        "timestamp-header": "x-time", "id-header": "x-id", "type-pointer": "/meta/kind",
    }))
    .unwrap();
    let scheme = Scheme::Hmac(config);
    let sample = Sample::new(&scheme, Some("order.paid"), &FastRng, NOW).unwrap();
    let event = event(&scheme, &sample);
    assert_eq!(event.id, sample.id);
    assert_eq!(event.event_type.as_deref(), Some("order.paid"));
}

#[test]
fn a_type_is_a_bounded_word() {
    let make = |event_type: &str| Sample::new(&Scheme::GitHub, Some(event_type), &FastRng, NOW);
    assert!(make(&"a".repeat(MAX_TYPE_BYTES)).is_ok());
    for wrong in [
        "",
        "two words",
        "line\nfeed",
        "é",
        &"a".repeat(MAX_TYPE_BYTES + 1),
    ] {
        assert!(make(wrong).is_err(), "{wrong:?}");
    }
}
