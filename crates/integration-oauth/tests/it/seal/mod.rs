//! Sealed records: what opens, what does not, and how keys change.

mod keys;
mod kms;
mod records;
mod rotation;

use std::sync::Arc;

use integration_core::ExposeSecret;
use integration_oauth::{
    connection::ConnectionKey,
    seal::{KeyRing, SealingKey, Slot},
    store::{MemoryStore, TokenStore},
};

use crate::stores::rig::change;

/// The key of this id that every ring of a test agrees on.
fn sealing_key(id: &str) -> SealingKey {
    let mut key = [0x42; 32];
    for (byte, letter) in key.iter_mut().zip(id.bytes()) {
        *byte = letter;
    }
    use base64::{Engine, engine::general_purpose::STANDARD};
    let key = STANDARD.encode(key);
    integration_testkit::leaks::note("sealing_key", &key);
    SealingKey::from_text(&format!("{id}:{key}")).unwrap()
}

fn ring(ids: &[&str]) -> KeyRing {
    let (current, others) = ids.split_first().unwrap();
    others
        .iter()
        .fold(KeyRing::new(sealing_key(current)), |ring, id| {
            ring.with_key(sealing_key(id)).unwrap()
        })
}

fn account(account: &str) -> ConnectionKey {
    ConnectionKey::new("acme", "github", account).unwrap()
}

/// A store with this many connections whose tokens are sealed by a ring.
async fn sealed_store(ring: &KeyRing, count: usize) -> Arc<dyn TokenStore> {
    use integration_oauth::seal::Vault;

    let store = MemoryStore::new();
    for n in 0..count {
        let key = account(&format!("{n:05}"));
        let plain = format!("tokens of {n}");
        let sealed = ring
            .seal(&Slot::tokens(&key, 1), plain.as_bytes())
            .await
            .unwrap();
        let _ = store.put_new(&key, change(&sealed)).await.unwrap();
    }
    Arc::new(store)
}

fn text(key: &SealingKey) -> String {
    key.to_text().unwrap().expose_secret().to_owned()
}
