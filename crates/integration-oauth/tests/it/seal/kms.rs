//! Keys that stay in a key management service.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use integration_oauth::{
    Error, ErrorKind, Result,
    seal::{KeyRing, Kms, SealingKey, Slot, Vault},
};
use zeroize::Zeroizing;

use super::{account, sealing_key};

/// Turns keys around, and counts.
#[derive(Debug, Default)]
struct Mirror {
    wraps: AtomicUsize,
    unwraps: AtomicUsize,
    is_down: AtomicBool,
}

impl Mirror {
    fn answer(&self, key_id: &str, key: &[u8], calls: &AtomicUsize) -> Result<Vec<u8>> {
        calls.fetch_add(1, Ordering::SeqCst);
        assert_eq!(key_id, "cloud");
        if self.is_down.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "kms"));
        }
        Ok(key.iter().rev().copied().collect())
    }
}

#[async_trait]
impl Kms for Mirror {
    async fn wrap(&self, key_id: &str, data_key: &[u8]) -> Result<Vec<u8>> {
        self.answer(key_id, data_key, &self.wraps)
    }

    async fn unwrap(&self, key_id: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let key = self.answer(key_id, wrapped, &self.unwraps)?;
        Ok(Zeroizing::new(key))
    }
}

fn cloud(kms: &Arc<Mirror>) -> SealingKey {
    SealingKey::from_kms("cloud", kms.clone()).unwrap()
}

#[tokio::test]
async fn a_service_is_asked_once_for_each_record() {
    let kms = Arc::new(Mirror::default());
    let key = account("1");
    let slot = Slot::tokens(&key, 1);
    let sealed = KeyRing::new(cloud(&kms)).seal(&slot, b"t").await.unwrap();
    // Another process, which has not sealed it.
    let ring = KeyRing::new(cloud(&kms));
    for _ in 0..3 {
        assert_eq!(*ring.open(&slot, &sealed).await.unwrap(), b"t");
    }
    assert_eq!(kms.wraps.load(Ordering::SeqCst), 1);
    assert_eq!(kms.unwraps.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_was_sealed_here_opens_while_the_service_is_down() {
    let kms = Arc::new(Mirror::default());
    let ring = KeyRing::new(cloud(&kms));
    let key = account("1");
    let slot = Slot::tokens(&key, 1);
    let sealed = ring.seal(&slot, b"t").await.unwrap();
    kms.is_down.store(true, Ordering::SeqCst);
    assert!(ring.open(&slot, &sealed).await.is_ok());
    let error = ring.seal(&slot, b"t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let fresh = KeyRing::new(cloud(&kms));
    let error = fresh.open(&slot, &sealed).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn records_move_to_a_service_and_back() {
    let kms = Arc::new(Mirror::default());
    let here = KeyRing::new(sealing_key("here"));
    let key = account("1");
    let slot = Slot::tokens(&key, 1);
    let sealed = here.seal(&slot, b"t").await.unwrap();
    let there = KeyRing::new(cloud(&kms))
        .with_key(sealing_key("here"))
        .unwrap();
    let moved = there.rewrap(&sealed).await.unwrap().unwrap();
    assert!(there.rewrap(&moved).await.unwrap().is_none());
    assert_eq!(
        *KeyRing::new(cloud(&kms)).open(&slot, &moved).await.unwrap(),
        b"t"
    );
    let back = here.with_key(cloud(&kms)).unwrap();
    let home = back.rewrap(&moved).await.unwrap().unwrap();
    let alone = KeyRing::new(sealing_key("here"));
    assert_eq!(*alone.open(&slot, &home).await.unwrap(), b"t");
}

#[tokio::test]
async fn a_service_that_returns_no_key_is_an_error() {
    #[derive(Debug)]
    struct Broken;

    #[async_trait]
    impl Kms for Broken {
        async fn wrap(&self, _: &str, _: &[u8]) -> Result<Vec<u8>> {
            Ok(vec![1; 70_000])
        }

        async fn unwrap(&self, _: &str, _: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
            Ok(Zeroizing::new(vec![1; 31]))
        }
    }

    let key = account("1");
    let slot = Slot::tokens(&key, 1);
    let broken = KeyRing::new(SealingKey::from_kms("cloud", Arc::new(Broken)).unwrap());
    let error = broken.seal(&slot, b"t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let kms = Arc::new(Mirror::default());
    let sealed = KeyRing::new(cloud(&kms)).seal(&slot, b"t").await.unwrap();
    let error = broken.open(&slot, &sealed).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}
