//! What an error says, and what it never shows.

use integration_stripe::{Client, Error, ErrorKind, Node, Params, StripeError, op::Verb};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::config;

async fn refused(reply: Reply) -> Error {
    let server = ScriptedServer::replies([reply]).await.unwrap();
    let client = Client::new(config(&server)).unwrap();
    let call = client.raw::<Node>(Verb::Post, "/v1/payment_intents", Params::new());
    call.max_attempts(1).send().await.unwrap_err()
}

#[tokio::test]
async fn a_declined_card_tells_its_words_and_shows_no_message() {
    let error = refused(Reply::status(402).body(
        r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","message":"Jenny has no money","advice_code":"try_again_later","charge":"ch_1","payment_intent":{"id":"pi_1"}}}"#,
    ))
    .await;
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    let declined = error.provider::<StripeError>().unwrap();
    assert!(declined.is_card_error());
    assert_eq!(declined.advice_code(), Some("try_again_later"));
    assert_eq!(declined.charge(), Some("ch_1"));
    assert_eq!(declined.user_text(), Some("Jenny has no money"));
    let intent = declined.payment_intent().unwrap();
    assert_eq!(intent.id(), Some("pi_1"));
    let shown = format!("{error} {error:?} {declined:?}");
    assert!(shown.contains("decline_code=insufficient_funds"), "{shown}");
    assert!(!shown.contains("Jenny"), "{shown}");
}

#[tokio::test]
async fn an_error_keeps_request_id_headers_and_words() {
    let reply = Reply::status(400)
        .header("request-id", "req_2")
        .header("stripe-notice", "use a newer version")
        .body(r#"{"error":{"type":"invalid_request_error","code":"parameter_missing","param":"card[number]","doc_url":"d","request_log_url":"l","message":"jenny@example.com"}}"#);
    let error = refused(reply).await;
    let body = error.provider::<StripeError>().unwrap();
    assert_eq!(error.request_id(), Some("req_2"));
    assert_eq!(body.param(), Some("card[number]"));
    assert_eq!(
        (body.doc_url(), body.request_log_url()),
        (Some("d"), Some("l"))
    );
    assert_eq!(body.headers()["stripe-notice"], "use a newer version");
    assert!(error.to_string().contains("code=parameter_missing"));
    assert!(!format!("{error} {error:?} {body:?}").contains("jenny"));
}

#[tokio::test]
async fn a_word_that_is_none_is_not_shown() {
    let error = refused(
        Reply::status(400).body(r#"{"error":{"code":"jenny@example.com","param":"a\nb"}}"#),
    )
    .await;
    let shown = format!("{error}");
    assert!(
        !shown.contains("jenny") && !shown.contains("param"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_body_that_is_not_stripes_leaves_the_status() {
    for body in [
        "<html>Bad gateway</html>",
        r#"{"error":{"co"#,
        r#"{"fault":1}"#,
        "[]",
    ] {
        let error = refused(Reply::status(502).body(body)).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{body}");
        assert!(error.provider::<StripeError>().is_none(), "{body}");
        assert_eq!(error.provider_body().unwrap(), body);
    }
}

#[tokio::test]
async fn the_page_of_a_proxy_is_an_error_with_status_request_id_and_body() {
    let page = Reply::ok("<html>sign in</html>").header("request-id", "req_1");
    let error = refused(page).await;
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(
        (error.status(), error.request_id()),
        (Some(200), Some("req_1"))
    );
    assert_eq!(error.operation(), "stripe.raw.post");
    assert_eq!(error.provider_body().unwrap(), "<html>sign in</html>");
    assert!(!format!("{error} {error:?}").contains("sign in"));
}

#[tokio::test]
async fn truncated_json_is_an_error_and_not_half_an_object() {
    let error = refused(Reply::ok(r#"{"id":"ch_1","amount":10"#)).await;
    assert_eq!(error.kind(), ErrorKind::Decode);
}
