use serde_json::json;

use super::support::*;
use crate::{
    login::{
        begin::{Wish, begin},
        refusal::LoginRefusal,
    },
    tokens::TokenSet,
};

#[tokio::test]
async fn an_account_is_named_as_the_preset_says() {
    let (office, mut remote) = (Office::new(), Fake::new());
    remote.preset.account = vec!["/team/id".to_owned()];
    let mut tokens = TokenSet::new("access");
    tokens.extra.insert("team".to_owned(), json!({"id": "T1"}));
    remote.tokens = Some(tokens).into();
    let callback = back(&office.begin(&remote).await, "code=c");
    let done = office.finish(&remote, &callback).await.unwrap();
    assert_eq!(done.key.account(), "T1");
    assert_eq!(*remote.userinfos.lock().unwrap(), 0, "nobody had to ask");
}

#[tokio::test]
async fn an_account_that_the_answer_does_not_name_is_asked_for() {
    let (office, mut remote) = (Office::new(), Fake::new());
    remote.tokens = Some(TokenSet::new("access")).into();
    remote.userinfo = Some(json!({"id": 42}));
    let callback = back(&office.begin(&remote).await, "code=c");
    let done = office.finish(&remote, &callback).await.unwrap();
    assert_eq!(done.key.account(), "42");
}

#[tokio::test]
async fn an_account_that_nobody_names_is_an_error_unless_the_caller_names_it() {
    let (office, mut remote) = (Office::new(), Fake::new());
    remote.tokens = Some(TokenSet::new("access")).into();
    let callback = back(&office.begin(&remote).await, "code=c");
    let refused = office.finish(&remote, &callback).await;
    assert_eq!(refusal(refused), LoginRefusal::NoAccount);

    let named = Wish {
        account: Some("mine".to_owned()),
        ..wish()
    };
    let begun = begin(&office.desk, &remote, named).await.unwrap();
    let done = office.finish(&remote, &back(&begun, "code=c")).await;
    assert_eq!(done.unwrap().key.account(), "mine");
}
