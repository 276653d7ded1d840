use proptest::prelude::*;

use super::*;

fn flow() -> PendingFlow {
    let secret = |text: &str| Some(Zeroizing::new(text.to_owned()));
    PendingFlow {
        state: Fingerprint::of("state"),
        provider: "github".to_owned(),
        tenant: "acme".to_owned(),
        account: None,
        issuer: Some("https://as.example.test".to_owned()),
        verifier: secret("the-verifier"),
        nonce: secret("the-nonce"),
        redirect_uri: "https://app.example.test/callback/github".to_owned(),
        scopes: Scopes::from(["a", "b"]),
        return_to: Some("/x".to_owned()),
        browser: Some(("oauth-login-1".to_owned(), Fingerprint::of("browser"))),
        max_age: Some(Duration::from_secs(60)),
        dpop_key: secret("{\"d\":\"the-key\"}"),
        created_at: Duration::from_millis(1_800_000_000_123),
    }
}

/// Two flows are equal when all their bytes are.
fn bytes(flow: &PendingFlow) -> Vec<u8> {
    flow.encode().unwrap().to_vec()
}

#[test]
fn a_flow_is_read_as_it_was_written() {
    let read = PendingFlow::decode(&bytes(&flow())).unwrap();
    assert_eq!(bytes(&read), bytes(&flow()));
    assert_eq!(read.created_at, flow().created_at);
    assert_eq!(read.dpop_key, flow().dpop_key);
    assert_eq!(read.browser, flow().browser);
}

#[test]
fn a_flow_shows_no_secret() {
    let shown = format!("{:?}", flow());
    for secret in ["the-verifier", "the-nonce", "the-key"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_flow_is_bounded() {
    let mut long = flow();
    long.return_to = Some("a".repeat(MAX_FLOW));
    assert_eq!(long.encode().unwrap_err().kind(), ErrorKind::Validation);
}

#[test]
fn a_flow_of_another_version_is_refused() {
    let text = String::from_utf8(bytes(&flow())).unwrap();
    let other = text.replacen("\"v\":1", "\"v\":2", 1);
    assert_eq!(
        PendingFlow::decode(other.as_bytes()).unwrap_err().kind(),
        ErrorKind::Decode
    );
}

proptest! {
    #[test]
    fn arbitrary_texts_survive_and_arbitrary_bytes_never_panic(
        text in ".{0,200}",
        junk in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut written = flow();
        written.return_to = Some(text.clone());
        written.verifier = Some(Zeroizing::new(text.clone()));
        let read = PendingFlow::decode(&bytes(&written)).unwrap();
        prop_assert_eq!(read.return_to, Some(text.clone()));
        prop_assert_eq!(read.verifier, Some(Zeroizing::new(text)));
        prop_assert!(PendingFlow::decode(&junk).is_err());
    }
}
