use proptest::{collection::btree_map, option, prelude::*};
use serde_json::json;

use super::*;

fn secret() -> impl Strategy<Value = SecretString> {
    any::<String>().prop_map(SecretString::from)
}

fn time() -> impl Strategy<Value = Option<Duration>> {
    option::of((any::<u64>(), 0..1_000_000_000_u32).prop_map(|(s, n)| Duration::new(s, n)))
}

fn extra() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Value::from)
    });
    btree_map(any::<String>(), value, 0..3).prop_map(|map| map.into_iter().collect())
}

fn flat() -> impl Strategy<Value = TokenSet> {
    let tokens = (
        secret(),
        option::of(secret()),
        option::of(secret()),
        option::of(secret()),
    );
    let times = (time(), any::<bool>(), time());
    let scopes = option::of(prop::collection::vec("[a-z:]{1,8}", 0..4));
    (tokens, times, "[A-Za-z]{1,6}", scopes, extra()).prop_map(
        |((access, refresh, id, dpop), (at, guessed, refresh_at), token_type, scopes, extra)| {
            TokenSet {
                token_type,
                expires_at: at,
                is_expiry_guessed: guessed,
                refresh_token: refresh,
                refresh_expires_at: refresh_at,
                scopes: scopes.map(|scopes| scopes.into_iter().collect()),
                id_token: id,
                extra,
                dpop_key: dpop,
                ..TokenSet::new(access)
            }
        },
    )
}

fn tokens() -> impl Strategy<Value = TokenSet> {
    (flat(), btree_map(any::<String>(), flat(), 0..2)).prop_map(|(mut tokens, also)| {
        tokens.also = also;
        tokens
    })
}

/// All of it, secrets too, which `Debug` does not show.
fn shown(tokens: &TokenSet) -> String {
    let secret =
        |secret: &Option<SecretString>| secret.as_ref().map(|it| it.expose_secret().to_owned());
    let also: Vec<_> = tokens
        .also
        .iter()
        .map(|(name, it)| (name, shown(it)))
        .collect();
    format!(
        "{tokens:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {also:?}",
        tokens.access_token.expose_secret(),
        secret(&tokens.refresh_token),
        secret(&tokens.id_token),
        secret(&tokens.dpop_key),
        tokens.is_expiry_guessed,
        tokens.refresh_expires_at,
        tokens.extra,
    )
}

proptest! {
    #[test]
    fn tokens_are_read_back_as_they_were_written(tokens in tokens()) {
        let read = decode(&encode(&tokens).unwrap()).unwrap();
        prop_assert_eq!(shown(&read), shown(&tokens));
    }

    #[test]
    fn what_is_no_record_is_an_error_and_never_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn a_record_that_is_cut_off_is_an_error(tokens in tokens(), at in any::<prop::sample::Index>()) {
        let bytes = encode(&tokens).unwrap();
        prop_assert!(decode(&bytes[..at.index(bytes.len())]).is_err());
    }
}

#[test]
fn a_later_version_is_refused_by_its_number() {
    let bytes = json!({"v": 2, "anything": {"else": 1}}).to_string();
    let error = decode(bytes.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(
        error
            .to_string()
            .contains("later version version=2 known=1"),
        "{error}"
    );
}

#[test]
fn an_unknown_field_is_refused_and_no_token_is_in_the_error() {
    let tokens = json!({"access_token": "s3cr3t", "token_type": "Bearer", "new": "s3cr3t"});
    let bytes = json!({"v": 1, "tokens": tokens}).to_string();
    let error = decode(bytes.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("start the newer one"), "{error}");
    assert!(!format!("{error:?}").contains("s3cr3t"));
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let deep = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
    let with = |value| {
        let mut tokens = TokenSet::new("t");
        tokens.extra.insert("deep".to_owned(), value);
        tokens
    };
    let deepest = encode(&with(deep(MAX_DEPTH - 1))).unwrap();
    assert!(decode(&deepest).is_ok());
    let error = encode(&with(deep(MAX_DEPTH))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Serialize);
    let nested = |depth| {
        (0..depth).fold(TokenSet::new("t"), |inner, _| {
            let mut outer = TokenSet::new("t");
            outer.also.insert("user".to_owned(), inner);
            outer
        })
    };
    assert!(decode(&encode(&nested(MAX_SETS)).unwrap()).is_ok());
    assert!(encode(&nested(MAX_SETS + 1)).is_err());
}
