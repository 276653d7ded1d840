//! Where keys come from.

use std::fs;

use integration_oauth::{
    ErrorKind,
    limits::{MAX_KEY_FILE, MAX_KEYS},
    seal::{KeyRing, SealingKey},
};
use proptest::prelude::*;

use super::{ring, sealing_key, text};

fn refusal(text: &str) -> String {
    let error = KeyRing::from_text(text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    error.to_string()
}

fn ids(ring: &KeyRing) -> String {
    ring.ids().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_key_is_read_as_it_is_written() {
    let key = SealingKey::generate("2026-11").unwrap();
    let read = SealingKey::from_text(&text(&key)).unwrap();
    assert_eq!(text(&read), text(&key));
    assert_ne!(text(&SealingKey::generate("2026-11").unwrap()), text(&key));
    let unpadded = text(&key).trim_end_matches('=').to_owned();
    assert_eq!(text(&SealingKey::from_text(&unpadded).unwrap()), text(&key));
}

#[test]
fn the_first_key_is_the_current_one() {
    let (a, b) = (text(&sealing_key("a")), text(&sealing_key("b")));
    for keys in [
        format!("{a},{b}"),
        format!(" {a} , {b} ,"),
        format!("# new\n{a}\n\n{b}\n"),
    ] {
        let ring = KeyRing::from_text(&keys).unwrap();
        assert_eq!((ring.current(), ids(&ring).as_str()), ("a", "a b"));
    }
}

#[test]
fn what_is_no_key_is_refused_with_what_to_do() {
    let good = text(&sealing_key("a"));
    assert!(refusal("").contains("openssl rand -base64 32"));
    assert!(refusal("# only this").contains("there is no key"));
    assert!(refusal("c2VjcmV0").contains("`id:base64`"));
    assert!(refusal("a:c2VjcmV0").contains("key `a` is not 32 bytes"));
    assert!(refusal("a:!").contains("key `a` is not 32 bytes"));
    assert!(refusal(&good.replace("a:", "ä:")).contains("letters, digits"));
    assert!(refusal(&good.replace("a:", ":")).contains("letters, digits"));
    assert!(refusal(&format!("{good},{good}")).contains("`a` stands there twice"));
    let long = good.replace("a:", &format!("{}:", "a".repeat(65)));
    assert!(refusal(&long).contains("1 to 64"));
}

#[test]
fn a_ring_is_bounded_and_its_ids_are_unique() {
    let mut ring = ring(&["0"]);
    for n in 1..MAX_KEYS {
        ring = ring.with_key(sealing_key(&n.to_string())).unwrap();
    }
    assert_eq!(ring.ids().count(), MAX_KEYS);
    // The same once more changes nothing; another of its id is refused.
    ring = ring.with_key(sealing_key("1")).unwrap();
    assert_eq!(ring.ids().count(), MAX_KEYS);
    let other = SealingKey::generate("1").unwrap();
    assert!(ring.clone().with_key(other).is_err());
    assert!(ring.with_key(sealing_key("one-more")).is_err());
}

#[test]
fn the_environment_names_keys_or_a_file() {
    let keys = text(&sealing_key("env"));
    let ring = KeyRing::from_vars(|name| (name == "INTEGRATION_OAUTH_KEYS").then(|| keys.clone()));
    assert_eq!(ids(&ring.unwrap()), "env");
    let error = KeyRing::from_vars(|_| None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error
            .to_string()
            .contains("INTEGRATION_OAUTH_KEYS is not set")
    );
    let error = KeyRing::from_vars(|_| Some("x".into())).unwrap_err();
    assert!(error.to_string().contains("are both set"), "{error}");
    let bad = |name: &str| (name == "INTEGRATION_OAUTH_KEYS").then(|| "k:canary-99".to_owned());
    let error = KeyRing::from_vars(bad).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("variable=INTEGRATION_OAUTH_KEYS"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("canary-99"));
}

#[cfg(unix)]
#[test]
fn a_file_of_keys_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    fs::write(&path, text(&sealing_key("file"))).unwrap();
    let chmod = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
        chmod(mode);
        let error = KeyRing::from_file(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    for mode in [0o600, 0o400] {
        chmod(mode);
        assert_eq!(ids(&KeyRing::from_file(&path).unwrap()), "file");
    }
    let named = path.display().to_string();
    let ring = KeyRing::from_vars(|name| name.ends_with("_FILE").then(|| named.clone()));
    assert_eq!(ids(&ring.unwrap()), "file");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_missing_or_too_large_is_an_error_that_names_it() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let error = KeyRing::from_file(&path).unwrap_err();
    assert!(error.to_string().contains(path.to_str().unwrap()));
    let key = text(&sealing_key("file"));
    for (size, fits) in [(MAX_KEY_FILE, true), (MAX_KEY_FILE + 1, false)] {
        let comment = "#".repeat(size - key.len() - 1);
        fs::write(&path, format!("{comment}\n{key}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(KeyRing::from_file(&path).is_ok(), fits, "{size}");
    }
}

proptest! {
    #[test]
    fn arbitrary_text_is_no_ring_and_never_panics(text in any::<String>()) {
        prop_assert!(KeyRing::from_text(&text).is_err());
    }
}
