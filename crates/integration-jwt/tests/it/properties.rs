//! Whatever is sent, nothing panics; whatever is changed in a good token, it is refused.

use std::sync::LazyLock;

use integration_jwt::{Key, KeySet};
use proptest::{prelude::*, sample::Index};
use tokio::runtime::Runtime;

use crate::support::{ED, ES, RS, Signer, access, b64, header, key_set, validator, verdict};

static TOKENS: LazyLock<[String; 3]> = LazyLock::new(|| {
    let token = |signer: &Signer, kid| signer.token(&header(signer, kid), &access());
    [token(&RS, "rs"), token(&ES, "es"), token(&ED, "ed")]
});

fn judge(token: &str) -> bool {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async { verdict(&validator(), token).await.is_ok() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes_are_no_token_and_no_key_and_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(key_set().verify(&text).is_err());
        let dressed = format!("{}.{}.{}", b64(&bytes), b64(&bytes), b64(&bytes));
        prop_assert!(key_set().verify(&dressed).is_err());
        let _ = Key::from_jwk(&bytes);
        let _ = KeySet::from_jwks(&bytes);
    }

    #[test]
    fn a_key_of_arbitrary_members_never_panics(
        kty in "RSA|EC|OKP|oct", crv in "P-256|P-384|P-521|Ed25519|x",
        a in prop::collection::vec(any::<u8>(), 0..300), b in prop::collection::vec(any::<u8>(), 0..70),
    ) {
        let jwk = serde_json::json!({
            "kty": kty, "crv": crv, "n": b64(&a), "e": b64(&b), "x": b64(&b), "y": b64(&a), "k": b64(&b),
        });
        if let Ok(key) = Key::from_jwk(jwk.to_string().as_bytes()) {
            prop_assert!(KeySet::new(vec![key]).verify(&TOKENS[0]).is_err());
        }
    }

    #[test]
    fn a_good_token_with_one_character_changed_never_verifies(
        which in 0_usize..3, at in any::<Index>(), to in "[A-Za-z0-9_.=-]",
    ) {
        let token = &TOKENS[which];
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &to);
        prop_assert_eq!(key_set().verify(&changed).is_ok(), changed == *token);
    }

    #[test]
    fn a_good_token_that_is_cut_or_has_a_part_of_another_never_verifies(
        which in 0_usize..3, other in 0_usize..3, part in 0_usize..3, cut in any::<Index>(),
    ) {
        let token = &TOKENS[which];
        prop_assert!(key_set().verify(token.split_at(cut.index(token.len())).0).is_err());
        let mut parts: Vec<&str> = token.split('.').collect();
        let foreign = TOKENS[other].split('.').nth(part).unwrap();
        parts[part] = foreign;
        let mixed = parts.join(".");
        prop_assert_eq!(key_set().verify(&mixed).is_ok(), mixed == *token);
    }

    #[test]
    fn a_header_of_arbitrary_members_changes_nothing_but_what_it_may(
        name in "[a-z0-9_]{1,12}", value in "[ -~&&[^\"\\\\]]{0,20}",
    ) {
        prop_assume!(!["alg", "kid", "typ", "crit", "b64"].contains(&name.as_str()));
        let mut header = header(&ES, "es");
        header[name.as_str()] = value.into();
        prop_assert!(judge(&ES.token(&header, &access())));
    }
}
