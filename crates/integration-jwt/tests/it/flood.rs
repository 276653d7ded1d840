//! Junk key ids by the hundred, and a rotation in the midst of them.

use std::time::Duration;

use integration_core::{Clock as _, SystemClock};
use integration_jwt::{Rejection, Validator};
use integration_testkit::{Reply, ScriptedServer};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{
    AUDIENCE, ES, FakeIssuer, JumpClock, RS, Signer, access, check, header, jwks, with,
};

/// Signed by nobody the issuer knows, with a key id of its own.
fn junk(signer: &Signer, n: u64) -> String {
    signer.token(&header(signer, &format!("junk-{n}")), &access())
}

/// How long until the token is accepted, tried every 100 ms.
async fn accepted_after(validator: &Validator, token: &str) -> Duration {
    let start = SystemClock.now();
    loop {
        match check(validator, token).await {
            Ok(_) => return start.elapsed(),
            Err(refusal) => assert_eq!(refusal.rejection(), Some(Rejection::UnknownKey)),
        }
        assert!(start.elapsed() < Duration::from_secs(60), "never accepted");
        sleep(Duration::from_millis(100)).await;
    }
}

/// The most that begin within any minute.
fn most_in_a_minute(fetches: &[Instant]) -> usize {
    let minute = Duration::from_secs(60);
    let counts = fetches.iter().map(|from| {
        let within = fetches
            .iter()
            .filter(|at| (*from..*from + minute).contains(at));
        within.count()
    });
    counts.max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn a_rotation_after_500_unknown_key_ids_is_seen_within_5_seconds() {
    let (clock, issuer) = (JumpClock::new(), FakeIssuer::new(&[ES.jwk("es")]));
    let validator = issuer.validator(&clock);
    check(&validator, &ES.token(&header(&ES, "es"), &access()))
        .await
        .unwrap();
    sleep(Duration::from_secs(30)).await;

    for n in 0..500 {
        let said = check(&validator, &junk(&ES, n)).await.unwrap_err();
        assert_eq!(said.rejection(), Some(Rejection::UnknownKey));
    }
    let next = Signer::ec();
    issuer.serve("/keys", jwks(&[ES.jwk("es"), next.jwk("next")]));
    let waited = accepted_after(&validator, &next.token(&header(&next, "next"), &access())).await;
    assert!(waited <= Duration::from_secs(5), "{waited:?}");
    assert!(most_in_a_minute(&issuer.fetched_at()) <= 10);
}

#[tokio::test(start_paused = true)]
async fn a_flood_that_does_not_end_costs_the_issuer_ten_fetches_a_minute_and_a_rotation_8_seconds()
{
    let (clock, issuer) = (JumpClock::new(), FakeIssuer::new(&[ES.jwk("es")]));
    let validator = issuer.validator(&clock);
    let next = Signer::ec();
    let token = next.token(&header(&next, "next"), &access());
    let (mut rotated, mut waited) = (None, None);
    for n in 0..4_000 {
        let _ = check(&validator, &junk(&ES, n)).await;
        sleep(Duration::from_millis(50)).await;
        if n == 2_000 {
            issuer.serve("/keys", jwks(&[ES.jwk("es"), next.jwk("next")]));
            rotated = Some(SystemClock.now());
        }
        if let (Some(at), None) = (rotated, waited)
            && check(&validator, &token).await.is_ok()
        {
            waited = Some(at.elapsed());
        }
    }
    let waited = waited.expect("accepted at all");
    assert!(waited <= Duration::from_millis(8_100), "{waited:?}");
    let fetches = issuer.fetched_at();
    assert!(
        most_in_a_minute(&fetches) <= 10,
        "{}",
        most_in_a_minute(&fetches)
    );
    assert!(
        fetches.len() > 20,
        "200 s of flood and {} fetches",
        fetches.len()
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_published_just_after_its_first_token_is_seen_within_5_seconds() {
    let (clock, issuer) = (JumpClock::new(), FakeIssuer::new(&[ES.jwk("es")]));
    let validator = issuer.validator(&clock);
    check(&validator, &ES.token(&header(&ES, "es"), &access()))
        .await
        .unwrap();
    sleep(Duration::from_secs(30)).await;
    let next = Signer::ec();
    let token = next.token(&header(&next, "next"), &access());
    assert!(check(&validator, &token).await.is_err());
    issuer.serve("/keys", jwks(&[ES.jwk("es"), next.jwk("next")]));
    let waited = accepted_after(&validator, &token).await;
    assert!(waited <= Duration::from_secs(5), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn one_token_of_a_key_that_is_gone_costs_a_fetch_a_minute() {
    let (clock, issuer) = (JumpClock::new(), FakeIssuer::new(&[ES.jwk("es")]));
    let validator = issuer.validator(&clock);
    let gone = junk(&ES, 0);
    for _ in 0..600 {
        let _ = check(&validator, &gone).await;
        sleep(Duration::from_secs(1)).await;
    }
    // One at the start and after 4, 12, 28 and 60 s, then one a minute.
    assert!(
        (12..=16).contains(&issuer.fetches()),
        "{}",
        issuer.fetches()
    );
}

#[tokio::test(start_paused = true)]
async fn a_rotation_of_an_issuer_without_key_ids_is_seen_too() {
    let (old, new) = (Signer::ec(), Signer::ec());
    let bare = |signer: &Signer| with(signer.jwk(""), &json!({"kid": null}));
    let (clock, issuer) = (JumpClock::new(), FakeIssuer::new(&[bare(&old)]));
    let validator = issuer.validator(&clock);
    let token =
        |signer: &Signer| signer.token(&with(header(signer, ""), &json!({"kid": null})), &access());
    check(&validator, &token(&old)).await.unwrap();
    sleep(Duration::from_secs(30)).await;
    issuer.serve("/keys", jwks(&[bare(&new)]));
    check(&validator, &token(&new)).await.unwrap();
    assert!(check(&validator, &token(&old)).await.is_err());
}

/// The one test on a real socket and real time; it takes about as long as a gap between fetches.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_and_a_rotation_on_a_real_server() {
    let next = Signer::ec();
    let (before, after) = (
        jwks(&[RS.jwk("rs")]),
        jwks(&[RS.jwk("rs"), next.jwk("next")]),
    );
    let rotated = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let server = {
        let rotated = rotated.clone();
        ScriptedServer::start(move |_| {
            let now = rotated.load(std::sync::atomic::Ordering::SeqCst);
            Reply::ok(if now { after.clone() } else { before.clone() })
        })
    };
    let server = server.await.unwrap();
    let issuer = server.url("");
    let validator = Validator::issuer(issuer.clone())
        .audience(AUDIENCE)
        .access_tokens();
    let validator = validator.jwks_uri(server.url("/keys")).build().unwrap();
    let unix = SystemClock.unix().as_secs();
    let claims = with(
        access(),
        &json!({"iss": issuer, "iat": unix, "exp": unix + 600}),
    );
    check(&validator, &RS.token(&header(&RS, "rs"), &claims))
        .await
        .unwrap();

    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..500 {
        let (validator, token) = (validator.clone(), junk(&ES, n));
        tasks.spawn(async move { check(&validator, &token).await.is_err() });
    }
    assert!(tasks.join_all().await.into_iter().all(|refused| refused));
    rotated.store(true, std::sync::atomic::Ordering::SeqCst);
    let waited = accepted_after(&validator, &next.token(&header(&next, "next"), &claims)).await;
    eprintln!("accepted after {waited:?}, {} fetches", server.count());
    assert!(waited <= Duration::from_secs(5), "{waited:?}");
    assert!(server.count() <= 4, "{}", server.count());
}
