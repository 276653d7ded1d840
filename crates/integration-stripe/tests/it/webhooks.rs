//! Events as they come, and who handles them.

use std::sync::{Arc, Mutex};

use integration_stripe::{
    Client, Error, ErrorKind, Node, View,
    resources::Charge,
    webhook::{Event, EventNotification, Handled, Router},
};
use integration_testkit::{Reply, ScriptedServer};

use crate::{support::config, surface::shared};

const EVENT: &str = r#"{"id":"evt_1","object":"event","type":"charge.succeeded","account":"acct_1","created":5,"livemode":false,"api_version":"2099-01-01.new","request":{"id":"req_1","idempotency_key":"k"},"data":{"object":{"id":"ch_1","object":"charge","amount":1200,"status":"new_word"},"previous_attributes":{"amount":1000}},"new_field":1}"#;

const NOTIFICATION: &str = r#"{"id":"evt_2","object":"v2.core.event","type":"v1.billing.meter.no_meter_found","created":"2026-01-01T00:00:00Z","livemode":false,"context":"acct_1/acct_2","related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/billing/meters/mtr_1"}}"#;

#[test]
fn an_event_of_a_newer_version_is_read_whole() {
    let event = Event::parse(EVENT.as_bytes()).unwrap();
    assert_eq!(event.r#type(), Some("charge.succeeded"));
    assert_eq!(event.account(), Some("acct_1"));
    assert_eq!(event.request_id().as_deref(), Some("req_1"));
    assert_eq!(event.idempotency_key().as_deref(), Some("k"));
    let charge = event.object_as::<Charge>().unwrap();
    assert_eq!(charge.amount(), Some(1200));
    let before = event.previous_attributes().unwrap();
    assert_eq!(before.get("amount").and_then(|n| n.i64()), Some(1000));
    assert_eq!(event.node().to_string(), EVENT);
    assert!(!format!("{event:?}").contains("1200"));
}

#[test]
fn the_two_kinds_of_events_are_not_taken_for_each_other() {
    let wrong = Event::parse(NOTIFICATION.as_bytes()).unwrap_err();
    assert!(wrong.to_string().contains("EventNotification"), "{wrong}");
    let wrong = EventNotification::parse(EVENT.as_bytes()).unwrap_err();
    assert!(wrong.to_string().contains("read it as `Event`"), "{wrong}");
    for none in [
        "{}",
        "[]",
        "<html>",
        "",
        r#"{"object":"charge"}"#,
        r#"{"object":1}"#,
    ] {
        assert_eq!(
            Event::parse(none.as_bytes()).unwrap_err().kind(),
            ErrorKind::Decode
        );
        assert!(EventNotification::parse(none.as_bytes()).is_err());
    }
}

#[test]
fn envelopes_of_clouds_are_opened() {
    let bridge = format!(r#"{{"version":"0","detail-type":"charge.succeeded","detail":{EVENT}}}"#);
    let grid = format!(r#"{{"specversion":"1.0","type":"x","data":{EVENT}}}"#);
    for envelope in [bridge, grid] {
        let event = Event::from_envelope(envelope.as_bytes()).unwrap();
        assert_eq!(event.id(), Some("evt_1"));
    }
    let thin = format!(r#"{{"specversion":"1.0","data":{NOTIFICATION}}}"#);
    let thin = EventNotification::from_envelope(thin.as_bytes()).unwrap();
    assert_eq!(thin.id(), Some("evt_2"));
    let plain = Event::from_envelope(EVENT.as_bytes()).unwrap_err();
    assert!(plain.to_string().contains("envelope"), "{plain}");
}

#[tokio::test]
async fn a_notification_fetches_event_and_object_in_its_context() {
    let server = ScriptedServer::replies([Reply::ok(r#"{"id":"x"}"#)])
        .await
        .unwrap();
    let client = Client::new(config(&server)).unwrap().for_account("acct_9");
    let thin = EventNotification::parse(NOTIFICATION.as_bytes()).unwrap();
    thin.fetch_event::<Node>(&client).await.unwrap();
    let related = thin.fetch_related_object::<Node>(&client).await.unwrap();
    assert_eq!(related.unwrap().to_string(), r#"{"id":"x"}"#);
    let paths = ["/v2/core/events/evt_2", "/v1/billing/meters/mtr_1"];
    for (request, path) in server.received().iter().zip(paths) {
        assert_eq!(request.path, path);
        assert_eq!(request.header("stripe-context"), "acct_1/acct_2");
        assert_eq!(request.header("stripe-account"), "");
        assert_eq!(request.header("stripe-request-trigger"), "event=evt_2");
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_related_object_elsewhere_is_not_fetched() {
    let server = ScriptedServer::replies([Reply::ok("{}")]).await.unwrap();
    let client = Client::new(config(&server)).unwrap();
    let hostile = NOTIFICATION.replace("/v1/billing", "https://example.com/v1/billing");
    let thin = EventNotification::parse(hostile.as_bytes()).unwrap();
    let error = thin
        .fetch_related_object::<Node>(&client)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    let none = r#"{"object":"v2.core.event","id":"evt_3","related_object":null}"#;
    let none = EventNotification::parse(none.as_bytes()).unwrap();
    assert!(
        none.fetch_related_object::<Node>(&client)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn an_event_goes_to_the_handler_of_its_type_and_else_to_the_fallback() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = |whose: &'static str| {
        let seen = Arc::clone(&seen);
        move |event: Event| {
            let seen = Arc::clone(&seen);
            async move {
                seen.lock()
                    .unwrap()
                    .push((whose, event.id().map(str::to_owned)));
                Ok::<(), Error>(())
            }
        }
    };
    let router = Router::new(note("fallback"))
        .on("charge.succeeded", note("charge"))
        .unwrap();
    let event = |text: &str| Event::parse(text.as_bytes()).unwrap();
    assert_eq!(router.handle(event(EVENT)).await.unwrap(), Handled::ByType);
    let unknown = EVENT.replace("charge.succeeded", "charge.invented");
    let untyped = r#"{"object":"event","id":"evt_3"}"#;
    let known = EVENT.replace("charge.succeeded", "charge.failed");
    for (other, expected) in [
        (known.as_str(), Handled::ByFallback),
        (unknown.as_str(), Handled::Unknown),
        (untyped, Handled::Unknown),
    ] {
        let handled = router.handle(event(other)).await.unwrap();
        assert_eq!(handled, expected);
    }
    let whose: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|(whose, _)| *whose)
        .collect();
    assert_eq!(whose, ["charge", "fallback", "fallback", "fallback"]);
    for twice in ["charge.succeeded", ""] {
        let router = Router::new(note("fallback"))
            .on("charge.succeeded", note("a"))
            .unwrap();
        let error = router.on(twice, note("b")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

#[test]
fn a_type_is_known_when_an_endpoint_can_enable_it_by_name() {
    let known = |word: &str| {
        let text = EVENT.replace("charge.succeeded", word);
        Event::parse(text.as_bytes()).unwrap().is_known_type()
    };
    assert!(known("charge.succeeded") && known("invoice.paid"));
    assert!(!known("charge.invented") && !known("*") && !known(""));
}

#[tokio::test]
async fn the_error_of_a_handler_comes_back() {
    let router = Router::<Event, &str>::new(|_| async { Err("full") });
    let event = Event::parse(EVENT.as_bytes()).unwrap();
    assert_eq!(router.handle(event).await, Err("full"));
}

#[test]
fn every_captured_event_has_its_object() {
    let Some(folder) = shared("corpus/stripe/events") else {
        return;
    };
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    for path in paths.filter(|path| path.extension().is_some_and(|is| is == "json")) {
        let text = std::fs::read(&path).unwrap();
        let event = Event::parse(&text).unwrap();
        assert!(event.object_as::<Node>().is_some(), "{path:?}");
    }
}

/// As other clients do not.
#[test]
fn an_event_that_changed_is_still_read() {
    for (from, to) in [
        (r#""status":"new_word""#, r#""status":"newer_word""#),
        ("charge.succeeded", "charge.invented"),
        ("2099-01-01.new", "2199-01-01.newer"),
        (r#""new_field":1"#, r#""newer_field":{"a":[1]}"#),
        (r#""object":"charge""#, r#""object":"crate""#),
        (r#""livemode":false,"#, ""),
        (r#""created":5,"#, ""),
        (r#""created":5"#, r#""created":"5""#),
        (r#""amount":1200"#, r#""amount":null"#),
        (r#""amount":1200"#, r#""amount":1000.0"#),
        (r#""amount":1200"#, r#""amount":{"value":1}"#),
        (r#""id":"ch_1""#, r#""id":"ch_1","deleted":true"#),
        (r#"{"id":"req_1","idempotency_key":"k"}"#, r#""req_1""#),
        (r#"{"id":"req_1","idempotency_key":"k"}"#, "null"),
    ] {
        assert!(EVENT.contains(from));
        let changed = EVENT.replace(from, to);
        let event = Event::parse(changed.as_bytes()).unwrap();
        assert!(event.object_as::<Charge>().is_some());
        assert_eq!(event.node().get("id").unwrap().str(), Some("evt_1"));
    }
}

#[cfg(feature = "webhooks")]
mod signed {
    use std::{sync::Arc, time::Duration};

    use integration_core::{SecretString, http::HeaderMap};
    use integration_stripe::{
        ErrorKind,
        webhook::{Webhooks, test_header},
    };
    use integration_testkit::TestClock;

    use super::{EVENT, NOTIFICATION};

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn secret() -> SecretString {
        "whsec_test".to_owned().into()
    }

    fn webhooks(now: Duration) -> Webhooks {
        let clock = Arc::new(TestClock::at(now));
        Webhooks::new([secret()]).unwrap().with_clock(clock)
    }

    fn headers(body: &str) -> HeaderMap {
        let header = test_header(&secret(), body.as_bytes(), NOW).unwrap();
        let pair = ("stripe-signature".parse().unwrap(), header.parse().unwrap());
        HeaderMap::from_iter([pair])
    }

    #[test]
    fn the_header_of_tests_is_that_of_stripe() {
        assert_eq!(
            test_header(&secret(), br#"{"id":"evt_1"}"#, NOW).unwrap(),
            "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925"
        );
    }

    #[test]
    fn what_is_signed_in_time_is_read() {
        let event = webhooks(NOW).event(&headers(EVENT), &EVENT.into()).unwrap();
        assert_eq!(event.id(), Some("evt_1"));
        let thin = webhooks(NOW).notification(&headers(NOTIFICATION), &NOTIFICATION.into());
        assert_eq!(thin.unwrap().id(), Some("evt_2"));
    }

    #[test]
    fn what_is_forged_late_or_unsigned_is_refused_and_not_parsed() {
        let late = webhooks(NOW + Duration::from_secs(301));
        let wrong = EVENT.replace("1200", "9900");
        for refused in [
            late.event(&headers(EVENT), &EVENT.into()),
            webhooks(NOW).event(&headers(EVENT), &wrong.into()),
            webhooks(NOW).event(&HeaderMap::new(), &"no json".into()),
        ] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unauthenticated);
        }
        let at_the_end = webhooks(NOW + Duration::from_secs(300));
        assert!(at_the_end.event(&headers(EVENT), &EVENT.into()).is_ok());
    }

    #[test]
    fn a_secret_that_is_none_is_refused() {
        assert_eq!(Webhooks::new([]).unwrap_err().kind(), ErrorKind::Config);
        let empty: SecretString = String::new().into();
        assert_eq!(
            Webhooks::new([empty]).unwrap_err().kind(),
            ErrorKind::Config
        );
    }
}
