use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use integration_core::SystemClock;
use integration_oauth::{
    ErrorKind, TokenSet,
    seal::{Slot, Vault},
    store::{FlowStore, KeyHome, KeyringConfig, KeyringStore, Leasing, Swap, TokenStore},
};
use keyring_core::{CredentialStore, Error as KeyringError, mock};

use super::rig::{FLOWS, LONG, Rig, change, key};

async fn rig() -> Option<Rig> {
    // Left to the system, as the store outlives the rig.
    let folder = tempfile::tempdir().unwrap().keep();
    let config = KeyringConfig::new("conformance", folder)
        .without_keyring()
        .with_max_flows(FLOWS);
    let store = Arc::new(KeyringStore::open(config).await.unwrap());
    Some(Rig {
        tokens: store.clone(),
        flows: store,
        clock: SystemClock::shared(),
        cases: 8,
    })
}

super::conformance!(super::rig, flavor = "multi_thread", worker_threads = 2);

fn keyring() -> Arc<CredentialStore> {
    mock::Store::new().unwrap()
}

/// The next call of the keyring for this program fails.
fn fail_next(keyring: &Arc<CredentialStore>, error: KeyringError) {
    let entry = keyring.build("cli", "integration-oauth", None).unwrap();
    let entry = entry.as_any().downcast_ref::<mock::Cred>().unwrap();
    entry.set_error(error);
}

fn locked() -> KeyringError {
    KeyringError::NoStorageAccess("locked".into())
}

async fn open(folder: &Path, keyring: &Arc<CredentialStore>) -> KeyringStore {
    let config = KeyringConfig::new("cli", folder).with_keyring(keyring.clone());
    KeyringStore::open(config).await.unwrap()
}

async fn seal(store: &KeyringStore, account: &str) {
    let tokens = TokenSet::new("canary-access").with_refresh_token("canary-refresh");
    let key = key(account);
    let sealed = tokens
        .sealed(&store.vault(), &Slot::tokens(&key, 1))
        .await
        .unwrap();
    assert_eq!(
        store.put_new(&key, change(&sealed)).await.unwrap(),
        Swap::Done(1)
    );
}

async fn opens(store: &KeyringStore, account: &str) -> Result<(), ErrorKind> {
    let key = key(account);
    let record = store.get(&key).await.unwrap().unwrap();
    let opened = store
        .vault()
        .open(&Slot::tokens(&key, 1), &record.sealed)
        .await;
    opened.map(drop).map_err(|error| error.kind())
}

fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_key_lies_in_the_keyring_and_the_tokens_sealed_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keyring();
    let store = open(folder.path(), &keyring).await;
    assert_eq!(store.key_home(), KeyHome::Keyring);
    seal(&store, "a").await;
    assert_eq!(
        files(folder.path()),
        ["connections.json", "connections.lock", "keys.lock"]
    );
    let file = fs::read_to_string(folder.path().join("connections.json")).unwrap();
    assert!(!file.contains("canary"));
    let entry = keyring.build("cli", "integration-oauth", None).unwrap();
    let kept = entry.get_password().unwrap();
    // Windows keeps 2,560 bytes at most.
    assert!(
        kept.starts_with("keyring-") && kept.len() < 128,
        "{}",
        kept.len()
    );
    drop(store);
    let again = open(folder.path(), &keyring).await;
    assert_eq!(opens(&again, "a").await, Ok(()));
}

#[tokio::test]
async fn without_a_keyring_the_key_lies_in_a_private_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("made").join("for").join("it");
    let config = KeyringConfig::new("cli", &folder).without_keyring();
    let store = KeyringStore::open(config.clone()).await.unwrap();
    assert_eq!(store.key_home(), KeyHome::File);
    seal(&store, "a").await;
    for name in files(&folder) {
        let bytes = fs::read(folder.join(&name)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("canary"), "{name}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.join(&name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    let again = KeyringStore::open(config).await.unwrap();
    assert_eq!(opens(&again, "a").await, Ok(()));
}

/// No session bus runs where tests do, so this is a machine without a keyring in earnest; where one
/// runs, it is left alone.
#[tokio::test]
async fn the_keyring_of_a_system_that_has_none_is_no_error() {
    let has_bus = integration_core::config::process_env("DBUS_SESSION_BUS_ADDRESS").is_some();
    if has_bus || !cfg!(target_os = "linux") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let config = KeyringConfig::new("integration-oauth-test", folder.path());
    let store = KeyringStore::open(config).await.unwrap();
    assert_eq!(store.key_home(), KeyHome::File);
    seal(&store, "a").await;
    assert_eq!(opens(&store, "a").await, Ok(()));
}

#[tokio::test]
async fn a_locked_keyring_is_no_error_until_its_key_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keyring();
    let store = open(folder.path(), &keyring).await;
    seal(&store, "before").await;
    fail_next(&keyring, locked());
    let remote = open(folder.path(), &keyring).await;
    assert_eq!(remote.key_home(), KeyHome::File);
    assert_eq!(opens(&remote, "before").await, Err(ErrorKind::Config));
    seal(&remote, "meanwhile").await;
    // Unlocked again, everything opens, and the keyring seals.
    let later = open(folder.path(), &keyring).await;
    assert_eq!(later.key_home(), KeyHome::Keyring);
    assert_eq!(opens(&later, "before").await, Ok(()));
    assert_eq!(opens(&later, "meanwhile").await, Ok(()));
    assert_eq!(later.vault().current(), store.vault().current());
}

#[tokio::test]
async fn a_keyring_that_appears_later_gets_a_key_and_the_old_one_still_opens() {
    let folder = tempfile::tempdir().unwrap();
    let config = KeyringConfig::new("cli", folder.path()).without_keyring();
    let store = KeyringStore::open(config).await.unwrap();
    seal(&store, "a").await;
    let keyring = keyring();
    let later = open(folder.path(), &keyring).await;
    assert_eq!(later.key_home(), KeyHome::Keyring);
    assert_eq!(opens(&later, "a").await, Ok(()));
    assert_ne!(later.vault().current(), store.vault().current());
}

#[tokio::test]
async fn a_keyring_that_forgets_is_noticed_by_the_key_that_is_missing() {
    #[derive(Debug)]
    struct Forgetful;

    impl keyring_core::api::CredentialStoreApi for Forgetful {
        fn vendor(&self) -> String {
            "test".into()
        }

        fn id(&self) -> String {
            "test".into()
        }

        fn build(
            &self,
            service: &str,
            user: &str,
            _: Option<&std::collections::HashMap<&str, &str>>,
        ) -> keyring_core::Result<keyring_core::Entry> {
            // Each entry is of a store of its own, so what is put is never there again.
            let store = mock::Store::new()?;
            let store: Arc<CredentialStore> = store;
            let entry = store.build(service, user, None)?;
            Ok(entry)
        }

        fn as_any(&self) -> &dyn std::any::Any {
            self
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let keyring: Arc<CredentialStore> = Arc::new(Forgetful);
    let one = open(folder.path(), &keyring).await;
    seal(&one, "a").await;
    drop(one);
    // It forgot its key between two starts: what it sealed is gone, and said so by name.
    let two = open(folder.path(), &keyring).await;
    assert_eq!(opens(&two, "a").await, Err(ErrorKind::Config));
}

#[tokio::test]
async fn what_is_no_key_in_the_keyring_is_refused_and_left_there() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keyring();
    let entry = keyring.build("cli", "integration-oauth", None).unwrap();
    entry.set_password("somebody else's").unwrap();
    let config = KeyringConfig::new("cli", folder.path()).with_keyring(keyring.clone());
    let error = KeyringStore::open(config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("keyring_service=cli"), "{error}");
    assert_eq!(entry.get_password().unwrap(), "somebody else's");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_of_keys_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let config = KeyringConfig::new("cli", folder.path()).without_keyring();
    drop(KeyringStore::open(config.clone()).await.unwrap());
    let keys = folder.path().join("keys");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).unwrap();
    let error = KeyringStore::open(config).await.unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_start_at_once_one_makes_the_key() {
    for keyring in [None, Some(keyring())] {
        let folder = tempfile::tempdir().unwrap();
        let config = KeyringConfig::new("cli", folder.path());
        let config = match keyring {
            None => config.without_keyring(),
            Some(keyring) => config.with_keyring(keyring),
        };
        let tasks: Vec<_> = (0..8)
            .map(|_| tokio::spawn(KeyringStore::open(config.clone())))
            .collect();
        let mut ids = Vec::new();
        for task in tasks {
            let store = task.await.unwrap().unwrap();
            ids.push(store.vault().current().to_owned());
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "{ids:?}");
    }
}

#[tokio::test]
async fn two_stores_on_one_folder_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keyring();
    let one = open(folder.path(), &keyring).await;
    let two = open(folder.path(), &keyring).await;
    seal(&one, "a").await;
    assert_eq!(opens(&two, "a").await, Ok(()));
    let lease = two.lease(&key("a"), "two", LONG).await.unwrap();
    assert!(matches!(lease, Leasing::Granted { .. }), "{lease:?}");
    let lease = one.lease(&key("a"), "one", LONG).await.unwrap();
    assert!(matches!(lease, Leasing::Held { .. }), "{lease:?}");
}

#[tokio::test]
async fn a_process_that_died_while_it_wrote_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keyring();
    let store = open(folder.path(), &keyring).await;
    seal(&store, "a").await;
    // As a write that was cut off leaves it.
    let half: PathBuf = folder.path().join("connections.new");
    fs::write(&half, b"{\"version\":1,\"connec").unwrap();
    let store = open(folder.path(), &keyring).await;
    assert_eq!(opens(&store, "a").await, Ok(()));
    seal(&store, "b").await;
    assert!(!half.exists());
    assert_eq!(opens(&store, "b").await, Ok(()));
}

#[tokio::test]
async fn a_file_that_was_damaged_is_an_error_and_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &keyring()).await;
    let file = folder.path().join("connections.json");
    for (content, word) in [
        ("not json", "damaged"),
        ("{\"version\":99}", "version 99"),
        (
            "{\"version\":1,\"connections\":[{}],\"flows\":[]}",
            "damaged",
        ),
    ] {
        fs::write(&file, content).unwrap();
        let error = store.put_new(&key("a"), change(b"x")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage);
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(word), "{source}");
        let end = Duration::from_secs(4_000_000_000);
        assert!(store.put([1; 32], Vec::new(), end).await.is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
    }
}
