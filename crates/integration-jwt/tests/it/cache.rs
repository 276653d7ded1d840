//! How keys are found, kept and renewed.

use std::{sync::Arc, time::Duration};

use integration_core::ErrorKind;
use integration_jwt::{JwksCache, JwksConfig, Refusal, Rejection, Validator};
use serde_json::json;
use tokio::time::sleep;

use crate::support::{
    AUDIENCE, ES, FakeIssuer, ISSUER, JumpClock, RS, Signer, access, check, header, jwks, with,
};

const MINUTE: Duration = Duration::from_secs(60);

/// A token that outlives every test here.
fn lasting(signer: &Signer, kid: &str) -> String {
    let claims = with(access(), &json!({"exp": 3_000_000_000_u64}));
    signer.token(&header(signer, kid), &claims)
}

fn issuer() -> (Arc<JumpClock>, FakeIssuer) {
    (JumpClock::new(), FakeIssuer::new(&[ES.jwk("es")]))
}

#[tokio::test(start_paused = true)]
async fn a_hundred_first_callers_share_one_fetch() {
    let (clock, issuer) = issuer();
    issuer.set_delay(Duration::from_millis(300));
    let validator = issuer.validator(&clock);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let validator = validator.clone();
        tasks.spawn(async move { check(&validator, &lasting(&ES, "es")).await.is_ok() });
    }
    assert!(tasks.join_all().await.into_iter().all(|accepted| accepted));
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_does_not_end_the_fetch() {
    let (clock, issuer) = issuer();
    issuer.set_delay(Duration::from_secs(2));
    let validator = issuer.validator(&clock);
    let token = lasting(&ES, "es");
    let left = tokio::time::timeout(Duration::from_millis(10), check(&validator, &token));
    assert!(left.await.is_err());
    sleep(Duration::from_secs(5)).await;
    issuer.set_down(true);
    check(&validator, &token).await.unwrap();
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn old_keys_are_renewed_in_the_background_while_they_are_used() {
    let (clock, issuer) = issuer();
    let validator = issuer.validator(&clock);
    let token = lasting(&ES, "es");
    check(&validator, &token).await.unwrap();
    sleep(9 * MINUTE).await;
    check(&validator, &token).await.unwrap();
    assert_eq!(issuer.fetches(), 1);
    sleep(2 * MINUTE).await;
    issuer.set_delay(Duration::from_secs(3));
    let asked = tokio::time::timeout(Duration::from_millis(1), check(&validator, &token));
    asked.await.expect("does not wait").unwrap();
    sleep(10 * Duration::from_secs(1)).await;
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_withdrawn_is_refused_after_the_renewal() {
    let (clock, issuer) = issuer();
    let validator = issuer.validator(&clock);
    let token = lasting(&ES, "es");
    check(&validator, &token).await.unwrap();
    issuer.serve("/keys", jwks(&[RS.jwk("rs")]));
    sleep(11 * MINUTE).await;
    check(&validator, &token).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let refused = check(&validator, &token).await.unwrap_err();
    assert_eq!(refused.rejection(), Some(Rejection::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_down_is_survived_for_a_day_and_no_longer() {
    let (clock, issuer) = issuer();
    let validator = issuer.validator(&clock);
    let token = lasting(&ES, "es");
    check(&validator, &token).await.unwrap();
    issuer.set_down(true);
    for _ in 0..24 {
        sleep(60 * MINUTE).await;
        check(&validator, &token).await.unwrap();
    }
    sleep(11 * MINUTE).await;
    let refusal = check(&validator, &token).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Keys(_)), "{refusal:?}");
    issuer.set_down(false);
    sleep(MINUTE).await;
    check(&validator, &token).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_was_never_there_is_an_error_of_its_own_and_is_not_hammered() {
    let (clock, issuer) = issuer();
    issuer.set_down(true);
    let validator = issuer.validator(&clock);
    for _ in 0..1_000 {
        let refusal = check(&validator, &lasting(&ES, "es")).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Keys(_)), "{refusal:?}");
    }
    issuer.set_down(false);
    sleep(Duration::from_secs(40)).await;
    check(&validator, &lasting(&ES, "es")).await.unwrap();
    assert!(issuer.fetches() <= 3, "{}", issuer.fetches());
}

#[tokio::test(start_paused = true)]
async fn a_token_of_an_unknown_key_is_not_called_bad_while_the_issuer_is_down() {
    let (clock, issuer) = issuer();
    let validator = issuer.validator(&clock);
    check(&validator, &lasting(&ES, "es")).await.unwrap();
    sleep(Duration::from_secs(30)).await;
    issuer.set_down(true);
    let next = Signer::ec();
    let token = lasting(&next, "next");
    for _ in 0..20 {
        let refusal = check(&validator, &token).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Keys(_)), "{refusal:?}");
        sleep(Duration::from_secs(1)).await;
    }
    // A signature that is wrong is wrong, and good tokens are good.
    let forged = next.token(&header(&next, "es"), &access());
    let refusal = check(&validator, &forged).await.unwrap_err();
    assert_eq!(refusal.rejection(), Some(Rejection::BadSignature));
    check(&validator, &lasting(&ES, "es")).await.unwrap();
    issuer.set_down(false);
    issuer.serve("/keys", jwks(&[ES.jwk("es"), next.jwk("next")]));
    sleep(Duration::from_secs(40)).await;
    check(&validator, &token).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn keys_that_a_laptop_slept_over_are_fetched_before_they_are_believed() {
    let (clock, issuer) = issuer();
    let validator = issuer.validator(&clock);
    let token = lasting(&ES, "es");
    check(&validator, &token).await.unwrap();
    issuer.serve("/keys", jwks(&[RS.jwk("rs")]));
    clock.sleep_of_the_machine(Duration::from_secs(3 * 24 * 3600));
    sleep(Duration::from_secs(5)).await;
    let refused = check(&validator, &token).await.unwrap_err();
    assert_eq!(refused.rejection(), Some(Rejection::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_is_set_back_does_not_make_keys_young() {
    let (clock, issuer) = issuer();
    let validator = issuer.validator(&clock);
    let token = lasting(&ES, "es");
    let token_of_old = with(access(), &json!({"exp": 3_000_000_000_u64, "iat": 1}));
    check(&validator, &token).await.unwrap();
    clock.set_back(Duration::from_secs(24 * 3600));
    sleep(11 * MINUTE).await;
    let old = ES.token(&header(&ES, "es"), &token_of_old);
    check(&validator, &old).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_read_leaves_the_others_of_the_set_alone() {
    let (clock, issuer) = issuer();
    let odd = [
        json!("no object"),
        json!({"kty": "new"}),
        json!({"kty": "RSA", "kid": "x", "n": "???", "e": "AQAB"}),
        json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}),
        ES.jwk("es"),
    ];
    issuer.serve("/keys", jwks(&odd));
    check(&issuer.validator(&clock), &lasting(&ES, "es"))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_key_set_does_not_replace_the_keys() {
    for body in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[]}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        let (clock, issuer) = issuer();
        let validator = issuer.validator(&clock);
        let token = lasting(&ES, "es");
        check(&validator, &token).await.unwrap();
        issuer.serve("/keys", body.to_owned());
        sleep(11 * MINUTE).await;
        for _ in 0..3 {
            check(&validator, &token).await.unwrap();
            sleep(MINUTE).await;
        }
        assert!(issuer.fetches() > 1, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_above_a_mebibyte_is_not_read() {
    let (clock, issuer) = issuer();
    let padding = " ".repeat(1024 * 1024);
    issuer.serve("/keys", jwks(&[ES.jwk("es")]) + &padding);
    let refusal = check(&issuer.validator(&clock), &lasting(&ES, "es"))
        .await
        .unwrap_err();
    let Refusal::Keys(error) = refusal else {
        panic!("{refusal:?}")
    };
    assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_a_published_set_verifies_nothing() {
    let secret = Signer::Mac(vec![7; 32]);
    let token = lasting(&secret, "shared");
    let (clock, issuer) = issuer();
    issuer.serve("/keys", jwks(&[secret.jwk("shared"), ES.jwk("es")]));
    let refused = check(&issuer.validator(&clock), &token).await.unwrap_err();
    assert_eq!(refused.rejection(), Some(Rejection::UnknownKey));
    // Alone it leaves no key at all.
    issuer.serve("/keys", jwks(&[secret.jwk("shared")]));
    let refused = check(&issuer.validator(&clock), &token).await.unwrap_err();
    assert!(matches!(refused, Refusal::Keys(_)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_discovery_document_of_another_issuer_is_refused() {
    for other in ["https://as.example.test/", "https://evil.example.test", ""] {
        let (clock, issuer) = issuer();
        let document = json!({"issuer": other, "jwks_uri": format!("{ISSUER}/keys")});
        issuer.serve("/.well-known/openid-configuration", document.to_string());
        let refusal = check(&issuer.validator(&clock), &lasting(&ES, "es"))
            .await
            .unwrap_err();
        assert!(matches!(refusal, Refusal::Keys(_)), "{refusal:?}");
        assert_eq!(issuer.fetches(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_discovery_document_cannot_send_us_into_a_private_network() {
    for host in [
        "http://as.example.test",
        "https://169.254.169.254",
        "https://10.1.2.3",
        "https://[::1]",
    ] {
        let (clock, issuer) = issuer();
        let document = json!({"issuer": ISSUER, "jwks_uri": format!("{host}/keys")});
        issuer.serve("/.well-known/openid-configuration", document.to_string());
        let refusal = check(&issuer.validator(&clock), &lasting(&ES, "es"))
            .await
            .unwrap_err();
        assert!(matches!(refusal, Refusal::Keys(_)), "{refusal:?}");
        assert_eq!(issuer.fetches(), 0, "{host}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_without_openid_is_found_as_rfc_8414_has_it() {
    let path = format!("{ISSUER}/tenant");
    let (clock, issuer) = (JumpClock::new(), FakeIssuer::default());
    issuer.serve("/keys", jwks(&[ES.jwk("es")]));
    let document = json!({"issuer": path, "jwks_uri": format!("{ISSUER}/keys")});
    issuer.serve(
        "/.well-known/oauth-authorization-server/tenant",
        document.to_string(),
    );
    let builder = Validator::issuer(path.clone())
        .audience(AUDIENCE)
        .access_tokens();
    let http = issuer.client(clock.clone());
    let validator = builder.http(http).clock(clock).build().unwrap();
    let token = ES.token(&header(&ES, "es"), &with(access(), &json!({"iss": path})));
    check(&validator, &token).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn several_validators_share_one_cache_that_was_warmed() {
    let (clock, issuer) = issuer();
    let http = issuer.client(clock.clone());
    let cache =
        JwksCache::with_parts(ISSUER, None, http, JwksConfig::default(), clock.clone()).unwrap();
    cache.warm().await.unwrap();
    for _ in 0..3 {
        let builder = Validator::issuer(ISSUER).audience(AUDIENCE).access_tokens();
        let validator = builder
            .jwks(cache.clone())
            .clock(clock.clone())
            .build()
            .unwrap();
        check(&validator, &lasting(&ES, "es")).await.unwrap();
    }
    assert_eq!(issuer.fetches(), 1);
}

#[test]
fn values_out_of_range_are_refused_by_name() {
    let refused = |config: JwksConfig| JwksCache::discover(ISSUER, config).unwrap_err().to_string();
    let config = JwksConfig::default;
    assert!(refused(config().with_ttl(Duration::from_secs(59))).contains("ttl"));
    assert!(refused(config().with_ttl(Duration::from_secs(86_401))).contains("ttl"));
    assert!(
        refused(config().with_max_stale(Duration::from_secs(7 * 86_400 + 1))).contains("max_stale")
    );
    assert!(refused(config().with_fetch_timeout(Duration::ZERO)).contains("fetch_timeout"));
    assert!(JwksCache::discover("http://as.example.test", config()).is_err());
}

#[test]
fn without_a_runtime_a_check_says_so_instead_of_panicking() {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    let validator = Validator::issuer(ISSUER)
        .audience(AUDIENCE)
        .access_tokens()
        .build()
        .unwrap();
    let token = ES.token(&header(&ES, "es"), &access());
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(Refusal::Keys(error))) = pin!(check(&validator, &token)).poll(&mut context)
    else {
        panic!("is refused at once")
    };
    assert!(error.to_string().contains("runtime"), "{error}");
}
