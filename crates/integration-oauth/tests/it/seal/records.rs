use integration_oauth::{
    ErrorKind, TokenSet,
    connection::ConnectionKey,
    seal::{KeyRing, SealingKey, Slot, Vault},
};
use proptest::{prelude::*, sample::Index};
use tokio::runtime::Builder;

use super::{account, ring, sealing_key};

fn run<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn seal(ring: &KeyRing, slot: &Slot<'_>, plain: &[u8]) -> Vec<u8> {
    run(ring.seal(slot, plain)).unwrap()
}

fn open(ring: &KeyRing, slot: &Slot<'_>, sealed: &[u8]) -> Result<Vec<u8>, ErrorKind> {
    let opened = run(ring.open(slot, sealed));
    opened
        .map(|plain| plain.to_vec())
        .map_err(|error| error.kind())
}

/// A slot of owned parts.
type Parts = (String, String, String, String, u64);

fn parts() -> impl Strategy<Value = Parts> {
    // Few letters, so that parts that run into each other come up.
    let part = || "[ab\u{0}ü]{0,4}";
    (part(), part(), part(), part(), any::<u64>())
}

fn slot(parts: &Parts) -> Slot<'_> {
    Slot {
        tenant: &parts.0,
        provider: &parts.1,
        account: &parts.2,
        column: &parts.3,
        version: parts.4,
    }
}

proptest! {
    #[test]
    fn what_was_sealed_opens_in_its_slot(
        parts in parts(), plain in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let ring = ring(&["new", "old"]);
        let sealed = seal(&ring, &slot(&parts), &plain);
        prop_assert_eq!(open(&ring, &slot(&parts), &sealed), Ok(plain));
    }

    #[test]
    fn it_opens_in_no_other_slot(one in parts(), other in parts()) {
        prop_assume!(one != other);
        let ring = ring(&["key"]);
        let sealed = seal(&ring, &slot(&one), b"tokens");
        prop_assert_eq!(open(&ring, &slot(&other), &sealed), Err(ErrorKind::Decode));
    }

    #[test]
    fn with_any_part_of_its_slot_changed_it_does_not_open(
        parts in parts(), part in 0..5, letter in "[ab]",
    ) {
        let ring = ring(&["key"]);
        let sealed = seal(&ring, &slot(&parts), b"tokens");
        let mut other = parts;
        match part {
            0 => other.0.push_str(&letter),
            1 => other.1.push_str(&letter),
            2 => other.2.push_str(&letter),
            3 => other.3.push_str(&letter),
            _ => other.4 ^= 1,
        }
        prop_assert_eq!(open(&ring, &slot(&other), &sealed), Err(ErrorKind::Decode));
    }

    #[test]
    fn with_any_byte_changed_it_does_not_open(at in any::<Index>(), change in 1..=255_u8) {
        let ring = ring(&["current", "other"]);
        let key = account("1");
        let mut sealed = seal(&ring, &Slot::tokens(&key, 1), b"tokens");
        let at = at.index(sealed.len());
        sealed[at] ^= change;
        prop_assert!(open(&ring, &Slot::tokens(&key, 1), &sealed).is_err(), "byte {at}");
    }

    #[test]
    fn cut_off_or_longer_it_does_not_open(at in any::<Index>(), more in 1..40_usize) {
        let ring = ring(&["key"]);
        let key = account("1");
        let mut sealed = seal(&ring, &Slot::tokens(&key, 1), b"tokens");
        let cut = &sealed[..at.index(sealed.len())];
        prop_assert!(open(&ring, &Slot::tokens(&key, 1), cut).is_err());
        sealed.resize(sealed.len() + more, 0);
        prop_assert!(open(&ring, &Slot::tokens(&key, 1), &sealed).is_err());
    }

    #[test]
    fn arbitrary_bytes_do_not_open_and_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let ring = ring(&["key"]);
        prop_assert!(open(&ring, &Slot::tokens(&account("1"), 1), &bytes).is_err());
        let dressed = [&[1, 3][..], b"key", &[0, 60], &bytes].concat();
        prop_assert!(open(&ring, &Slot::tokens(&account("1"), 1), &dressed).is_err());
        prop_assert!(run(ring.rewrap(&bytes)).is_err());
    }
}

/// Every byte, not a sample of them: the record is short.
#[test]
fn no_single_byte_can_be_changed() {
    let ring = ring(&["current", "other"]);
    let key = account("1");
    let sealed = seal(&ring, &Slot::tokens(&key, 1), b"t");
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert!(
                open(&ring, &Slot::tokens(&key, 1), &changed).is_err(),
                "{at} {bit}"
            );
        }
    }
}

#[test]
fn two_rows_that_were_swapped_do_not_open() {
    let ring = ring(&["key"]);
    let (one, two) = (account("1"), account("2"));
    let of_one = seal(&ring, &Slot::tokens(&one, 1), b"one");
    let of_two = seal(&ring, &Slot::tokens(&two, 1), b"two");
    assert!(open(&ring, &Slot::tokens(&one, 1), &of_one).is_ok());
    assert_eq!(
        open(&ring, &Slot::tokens(&one, 1), &of_two),
        Err(ErrorKind::Decode)
    );
    assert_eq!(
        open(&ring, &Slot::tokens(&two, 1), &of_one),
        Err(ErrorKind::Decode)
    );
}

#[test]
fn an_older_version_does_not_open_as_the_last() {
    let ring = ring(&["key"]);
    let key = account("1");
    let old = seal(&ring, &Slot::tokens(&key, 1), b"old");
    assert_eq!(
        open(&ring, &Slot::tokens(&key, 2), &old),
        Err(ErrorKind::Decode)
    );
}

#[test]
fn the_row_of_another_tenant_does_not_open() {
    let ring = ring(&["key"]);
    let theirs = ConnectionKey::new("other", "github", "1").unwrap();
    let sealed = seal(&ring, &Slot::tokens(&theirs, 1), b"theirs");
    assert_eq!(
        open(&ring, &Slot::tokens(&account("1"), 1), &sealed),
        Err(ErrorKind::Decode)
    );
}

#[test]
fn parked_tokens_and_credentials_are_no_tokens() {
    let ring = ring(&["key"]);
    let key = account("1");
    for slot in [Slot::parked(&key, 1), Slot::credential(&key, 1)] {
        let sealed = seal(&ring, &slot, b"x");
        assert_eq!(
            open(&ring, &Slot::tokens(&key, 1), &sealed),
            Err(ErrorKind::Decode)
        );
    }
}

#[test]
fn sealing_twice_gives_nothing_to_compare() {
    let ring = ring(&["key"]);
    let key = account("1");
    let slot = Slot::tokens(&key, 1);
    let (one, two) = (seal(&ring, &slot, b"same"), seal(&ring, &slot, b"same"));
    let header = "1 3 key".len();
    assert_ne!(one[header..], two[header..]);
    let same = one[header..]
        .iter()
        .zip(&two[header..])
        .filter(|(a, b)| a == b);
    assert!(same.count() < one.len() / 4);
}

#[test]
fn what_nobody_sealed_is_never_taken_as_it_is() {
    let ring = ring(&["key"]);
    for plain in [&b""[..], b"{\"access_token\":\"t\"}", b"gho_token"] {
        let opened = run(ring.open(&Slot::tokens(&account("1"), 1), plain));
        assert_eq!(opened.unwrap_err().kind(), ErrorKind::Decode);
    }
}

#[test]
fn a_missing_key_is_named_and_the_error_says_what_to_do() {
    let key = account("1");
    let sealed = seal(&ring(&["2025"]), &Slot::tokens(&key, 1), b"t");
    let error = run(ring(&["2026"]).open(&Slot::tokens(&key, 1), &sealed)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let shown = error.to_string();
    assert!(
        shown.contains("`2025`") && shown.contains("add it behind"),
        "{shown}"
    );
}

#[test]
fn another_key_of_the_same_id_does_not_open() {
    let key = account("1");
    let sealed = seal(&ring(&["key"]), &Slot::tokens(&key, 1), b"t");
    let other = KeyRing::new(SealingKey::generate("key").unwrap());
    assert_eq!(
        open(&other, &Slot::tokens(&key, 1), &sealed),
        Err(ErrorKind::Decode)
    );
}

#[test]
fn neither_keys_nor_content_are_shown() {
    let key = sealing_key("shown");
    let secret = super::text(&key);
    let secret = secret.split_once(':').unwrap().1;
    let ring = KeyRing::new(key.clone());
    assert!(!format!("{key:?} {ring:?}").contains(secret));
    let mut sealed = seal(&ring, &Slot::tokens(&account("1"), 1), b"canary-4711");
    assert!(!sealed.windows(11).any(|part| part == b"canary-4711"));
    let last = sealed.len() - 1;
    sealed[last] ^= 1;
    let error = run(ring.open(&Slot::tokens(&account("1"), 1), &sealed)).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"));
}

#[test]
fn tokens_are_sealed_and_opened_whole() {
    let ring = ring(&["key"]);
    let key = account("1");
    let tokens = TokenSet::new("access").with_refresh_token("refresh");
    let slot = Slot::tokens(&key, 3);
    let sealed = run(tokens.sealed(&ring, &slot)).unwrap();
    let opened = run(TokenSet::opened(&ring, &slot, &sealed)).unwrap();
    use integration_core::ExposeSecret;
    assert_eq!(opened.access_token.expose_secret(), "access");
    assert_eq!(opened.refresh_token.unwrap().expose_secret(), "refresh");
    assert!(run(TokenSet::opened(&ring, &Slot::tokens(&key, 4), &sealed)).is_err());
}
