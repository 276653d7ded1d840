use std::collections::BTreeMap;

use super::support::*;
use crate::{
    login::{
        begin::{Wish, begin},
        secret::{Fingerprint, SECRET_CHARS},
    },
    preset::Pkce,
    scopes::Scopes,
};

#[tokio::test]
async fn each_login_has_a_state_a_challenge_and_a_cookie_of_its_own() {
    let (office, remote) = (Office::new(), Fake::new());
    let (one, two) = (office.begin(&remote).await, office.begin(&remote).await);
    for name in ["state", "challenge"] {
        assert_eq!(sent(&one)[name].len(), SECRET_CHARS);
        assert_ne!(sent(&one)[name], sent(&two)[name], "{name}");
    }
    assert_ne!(one.cookie.unwrap().name(), two.cookie.unwrap().name());
}

#[tokio::test]
async fn a_login_shows_neither_its_state_nor_its_cookie() {
    let (office, remote) = (Office::new(), Fake::new());
    let begun = office.begin(&remote).await;
    let shown = format!("{begun:?}");
    assert!(!shown.contains(&sent(&begun)["state"]), "{shown}");
    let set = begun.cookie.unwrap().set_cookie();
    let value = set.split(['=', ';']).nth(1).unwrap();
    assert!(!shown.contains(value), "{shown}");
}

#[tokio::test]
async fn a_nonce_is_sent_with_openid_alone_and_no_challenge_where_it_is_off() {
    let (office, mut remote) = (Office::new(), Fake::new());
    remote.preset.scopes = vec!["openid".to_owned(), "email".to_owned()];
    let sent_with = sent(&office.begin(&remote).await);
    assert_eq!(sent_with["scope"], "email openid");
    assert_eq!(sent_with["nonce"].len(), SECRET_CHARS);
    remote.preset.pkce = Pkce::Listed;
    let sent_strictly = sent(&office.begin(&remote).await);
    assert_eq!(sent_strictly["challenge"].len(), SECRET_CHARS);
    remote.preset.pkce = Pkce::Off;
    let scopes = Some(Scopes::from(["email"]));
    let wish = Wish { scopes, ..wish() };
    let sent_without = sent(&begin(&office.desk, &remote, wish).await.unwrap());
    assert_eq!(sent_without["nonce"], "");
    assert_eq!(sent_without["challenge"], "");
}

#[tokio::test]
async fn the_challenge_is_the_hash_of_the_verifier_that_the_code_is_spent_with() {
    let (office, remote) = (Office::new(), Fake::new());
    let begun = office.begin(&remote).await;
    office
        .finish(&remote, &back(&begun, "code=c"))
        .await
        .unwrap();
    let verifiers = remote.verifiers.lock().unwrap().clone();
    let verifier = verifiers[0].as_deref().unwrap();
    assert_eq!(Fingerprint::of(verifier).text(), sent(&begun)["challenge"]);
}

#[tokio::test]
async fn a_provider_that_posts_gets_a_cookie_that_goes_along() {
    let (office, remote) = (Office::new(), Fake::new());
    let mode = BTreeMap::from([("response_mode".to_owned(), "form_post".to_owned())]);
    let posting = Wish {
        params: mode,
        ..wish()
    };
    let begun = begin(&office.desk, &remote, posting).await.unwrap();
    let set = begun.cookie.unwrap().set_cookie();
    assert!(set.contains("SameSite=None; Secure"), "{}", *set);
    let plain = office.begin(&remote).await.cookie.unwrap().set_cookie();
    assert!(plain.contains("SameSite=Lax; Secure"), "{}", *plain);
}
