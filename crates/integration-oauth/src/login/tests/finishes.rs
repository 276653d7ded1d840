use std::time::Duration;

use integration_core::ErrorKind;

use super::support::*;
use crate::{
    error::OAuthError,
    login::{
        begin::{Wish, begin},
        callback::Callback,
        desk::LOGIN_LIFETIME,
        refusal::LoginRefusal,
    },
    scopes::Scopes,
    tokens::TokenSet,
};

#[tokio::test]
async fn a_login_ends_with_the_tokens_of_its_account() {
    let (office, remote) = (Office::new(), Fake::new());
    let begun = office.begin(&remote).await;
    let done = office.finish(&remote, &back(&begun, "code=c1")).await;
    let done = done.unwrap();
    assert_eq!(done.key.to_string(), "acme/demo/alice");
    assert_eq!(secret(&done.tokens.access_token), "access");
    assert_eq!(done.return_to.unwrap(), "/next");
    assert_eq!(done.cookie.unwrap(), begun.cookie.unwrap().name());
    assert_eq!(remote.codes(), ["c1"]);
}

#[tokio::test]
async fn a_callback_that_comes_twice_is_taken_once() {
    let (office, remote) = (Office::new(), Fake::new());
    let callback = back(&office.begin(&remote).await, "code=c1");
    assert!(office.finish(&remote, &callback).await.is_ok());
    let again = office.finish(&remote, &callback).await;
    assert_eq!(refusal(again), LoginRefusal::UnknownState);
    assert_eq!(remote.codes(), ["c1"], "the code is spent once");
}

#[tokio::test]
async fn two_tabs_log_in_at_once_in_any_order() {
    let (office, remote) = (Office::new(), Fake::new());
    let (one, two) = (office.begin(&remote).await, office.begin(&remote).await);
    for (begun, code) in [(two, "code=c2"), (one, "code=c1")] {
        assert!(office.finish(&remote, &back(&begun, code)).await.is_ok());
    }
}

#[tokio::test]
async fn a_state_that_cannot_be_ours_is_refused_without_a_look_up() {
    let (office, remote) = (Office::new(), Fake::new());
    office.begin(&remote).await;
    for junk in ["code=c", "code=c&state=", "code=c&state=short", "state=%00"] {
        if let Ok(callback) = Callback::query(junk) {
            let refused = office.finish(&remote, &callback).await;
            assert_eq!(refusal(refused), LoginRefusal::NoState, "{junk}");
        }
    }
    assert_eq!(*office.flows.takes.lock().unwrap(), 0);
    let foreign = Callback::query(&format!("code=c&state={}", "A".repeat(43))).unwrap();
    let refused = office.finish(&remote, &foreign).await;
    assert_eq!(refusal(refused), LoginRefusal::UnknownState);
    assert!(remote.codes().is_empty());
}

#[tokio::test]
async fn a_login_that_another_browser_began_is_refused_and_over() {
    let (office, remote) = (Office::new(), Fake::new());
    let (mine, other) = (office.begin(&remote).await, office.begin(&remote).await);
    let state = &sent(&mine)["state"];
    let stolen = Callback::query(&format!("code=c&state={state}")).unwrap();
    let theirs = other.cookie.as_ref().unwrap().set_cookie();
    let refused = office.finish(&remote, &stolen.cookies(&theirs)).await;
    assert_eq!(refusal(refused), LoginRefusal::OtherBrowser);
    let again = office.finish(&remote, &back(&mine, "code=c")).await;
    assert_eq!(refusal(again), LoginRefusal::UnknownState);
    assert!(remote.codes().is_empty());
}

#[tokio::test]
async fn a_cookie_of_the_right_name_and_another_value_is_another_browser() {
    let (office, remote) = (Office::new(), Fake::new());
    let begun = office.begin(&remote).await;
    let state = &sent(&begun)["state"];
    let forged = format!(
        "{}={}",
        begun.cookie.as_ref().unwrap().name(),
        "A".repeat(43)
    );
    let callback = Callback::query(&format!("code=c&state={state}")).unwrap();
    let refused = office.finish(&remote, &callback.cookies(&forged)).await;
    assert_eq!(refusal(refused), LoginRefusal::OtherBrowser);
}

#[tokio::test]
async fn a_callback_at_the_address_of_another_provider_is_refused() {
    let (office, remote) = (Office::new(), Fake::new());
    let callback = back(&office.begin(&remote).await, "code=c").at("evil");
    let refused = office.finish(&remote, &callback).await;
    assert_eq!(refusal(refused), LoginRefusal::OtherProvider);
    assert!(remote.codes().is_empty());
}

#[tokio::test]
async fn a_code_of_another_issuer_is_sent_nowhere() {
    let (office, mut remote) = (Office::new(), Fake::new());
    let callback = back(&office.begin(&remote).await, "code=c&iss=https://evil.test");
    let refused = office.finish(&remote, &callback).await;
    assert_eq!(refusal(refused), LoginRefusal::OtherIssuer);

    remote.server.sends_issuer = true;
    let callback = back(&office.begin(&remote).await, "code=c");
    let refused = office.finish(&remote, &callback).await;
    assert_eq!(refusal(refused), LoginRefusal::NoIssuer);

    let callback = back(&office.begin(&remote).await, "code=c");
    remote.server.issuer = Some("https://evil.test".to_owned());
    let refused = office.finish(&remote, &callback).await;
    assert_eq!(refusal(refused), LoginRefusal::OtherIssuer);
    assert!(remote.codes().is_empty());
}

#[tokio::test]
async fn an_error_of_another_issuer_is_not_believed() {
    let (office, remote) = (Office::new(), Fake::new());
    let fields = "error=access_denied&iss=https://evil.test";
    let callback = back(&office.begin(&remote).await, fields);
    let refused = office.finish(&remote, &callback).await;
    assert_eq!(refusal(refused), LoginRefusal::OtherIssuer);
}

#[tokio::test]
async fn a_login_that_the_provider_refuses_says_so_and_spends_nothing() {
    for (fields, kind, code) in [
        (
            "error=access_denied",
            ErrorKind::PermissionDenied,
            "access_denied",
        ),
        (
            "error=access_denied&code=c",
            ErrorKind::PermissionDenied,
            "access_denied",
        ),
        (
            "error=temporarily_unavailable",
            ErrorKind::Unavailable,
            "temporarily_unavailable",
        ),
        (
            "error=invalid_scope",
            ErrorKind::Validation,
            "invalid_scope",
        ),
        (
            "error=%3Cscript%3E",
            ErrorKind::Validation,
            "unreadable_error",
        ),
    ] {
        let (office, remote) = (Office::new(), Fake::new());
        let long = "d".repeat(600);
        let fields = format!("{fields}&error_description=a%0a%3Cb%3E{long}");
        let callback = back(&office.begin(&remote).await, &fields);
        let error = office.finish(&remote, &callback).await.err().unwrap();
        let said = error.provider::<OAuthError>().unwrap();
        assert_eq!((error.kind(), said.code.as_str()), (kind, code));
        assert_eq!(said.description.as_ref().unwrap().len(), 512);
        assert!(!error.to_string().contains("<b>"), "{error}");
        assert!(remote.codes().is_empty());
    }
}

#[tokio::test]
async fn a_callback_with_neither_code_nor_error_is_refused() {
    let (office, remote) = (Office::new(), Fake::new());
    for fields in ["", "code="] {
        let callback = back(&office.begin(&remote).await, fields);
        let refused = office.finish(&remote, &callback).await;
        assert_eq!(refusal(refused), LoginRefusal::NoCode);
    }
}

#[tokio::test]
async fn a_login_that_took_too_long_is_over() {
    let (office, remote) = (Office::new(), Fake::new());
    let begun = office.begin(&remote).await;
    office.wait(LOGIN_LIFETIME - Duration::from_secs(1));
    assert!(
        office
            .finish(&remote, &back(&begun, "code=c"))
            .await
            .is_ok()
    );
    let begun = office.begin(&remote).await;
    office.wait(LOGIN_LIFETIME);
    let refused = office.finish(&remote, &back(&begun, "code=c")).await;
    assert_eq!(refusal(refused), LoginRefusal::UnknownState);
}

#[tokio::test]
async fn two_logins_that_were_swapped_in_the_store_do_not_open() {
    let (office, remote) = (Office::new(), Fake::new());
    let (one, _two) = (office.begin(&remote).await, office.begin(&remote).await);
    office.flows.swap();
    let error = office.finish(&remote, &back(&one, "code=c")).await;
    assert_eq!(error.err().unwrap().kind(), ErrorKind::Decode);
    assert!(remote.codes().is_empty());
}

#[tokio::test]
async fn a_login_that_asked_for_an_id_token_needs_one() {
    let (office, mut remote) = (Office::new(), Fake::new());
    remote.preset.scopes = vec!["openid".to_owned()];
    let callback = back(&office.begin(&remote).await, "code=c");
    let refused = office.finish(&remote, &callback).await;
    assert_eq!(refusal(refused), LoginRefusal::BadIdToken);
}

#[tokio::test]
async fn a_login_within_the_program_has_no_cookie_and_needs_none() {
    let (office, remote) = (Office::new(), Fake::new());
    let wish = Wish {
        is_in_process: true,
        ..wish()
    };
    let begun = begin(&office.desk, &remote, wish).await.unwrap();
    assert!(begun.cookie.is_none());
    assert!(
        office
            .finish(&remote, &back(&begun, "code=c"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn fields_of_the_callback_are_kept_and_never_replace_those_of_the_answer() {
    let (office, mut remote) = (Office::new(), Fake::new());
    remote.preset.keep_from_callback = vec!["realmId".to_owned(), "sub".to_owned()];
    let fields = "code=c&realmId=9&sub=mallory&other=1";
    let callback = back(&office.begin(&remote).await, fields);
    let done = office.finish(&remote, &callback).await.unwrap();
    assert_eq!(done.tokens.extra["realmId"], "9");
    assert_eq!(done.tokens.extra["sub"], "alice");
    assert!(!done.tokens.extra.contains_key("other"));
}

#[tokio::test]
async fn scopes_that_the_answer_leaves_out_are_those_asked_for() {
    let (office, mut remote) = (Office::new(), Fake::new());
    remote.preset.scopes = vec!["a".to_owned(), "b".to_owned()];
    let callback = back(&office.begin(&remote).await, "code=c");
    let done = office.finish(&remote, &callback).await.unwrap();
    assert_eq!(done.tokens.scopes, Some(Scopes::from(["a", "b"])));

    let fewer = TokenSet::new("access").with_scopes(Scopes::from(["a"]));
    let mut held = remote.tokens.lock().unwrap().take().unwrap();
    held.scopes = fewer.scopes;
    *remote.tokens.lock().unwrap() = Some(held);
    let callback = back(&office.begin(&remote).await, "code=c");
    let done = office.finish(&remote, &callback).await.unwrap();
    let granted = done.tokens.scopes.unwrap();
    assert_eq!(granted.missing_of(&done.asked), Scopes::from(["b"]));
}
