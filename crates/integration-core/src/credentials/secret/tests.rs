use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::http::HeaderMap;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{MAX_SECRET, SecretSource};
use crate::{
    Clock, ErrorKind, SecretString, SystemClock,
    credentials::{Credentials, Generation, Rejection},
    error::Error,
};

fn soon() -> Instant {
    SystemClock.now() + Duration::from_secs(10)
}

async fn sent(credentials: &Credentials) -> (String, Generation) {
    let mut headers = HeaderMap::new();
    let generation = credentials.authorize(&mut headers, soon()).await.unwrap();
    let value = headers["x-api-key"].to_str().unwrap().to_owned();
    (value, generation)
}

/// Uses the credentials after the time for another look, and once more when it is over.
async fn sent_later(credentials: &Credentials) -> String {
    sleep(Duration::from_secs(1)).await;
    sent(credentials).await;
    // Paused time does not go on while a thread reads.
    sleep(Duration::from_millis(1)).await;
    sent(credentials).await.0
}

#[tokio::test(start_paused = true)]
async fn a_new_secret_in_the_file_is_used_without_a_restart() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "first\n").unwrap();
    let source = SecretSource::file(&path).unwrap();
    let credentials = Credentials::api_key("x-api-key", source).unwrap();
    assert_eq!(sent(&credentials).await.0, "first");
    // The same length, within the same tick of the clock of the file system.
    fs::write(&path, "other\r\n\n").unwrap();
    assert_eq!(sent(&credentials).await.0, "first", "not yet");
    assert_eq!(sent_later(&credentials).await, "other");
    for bad in [&b""[..], b"\n", b"a\nb", b"\xff", &[b'x'; 65 * 1024]] {
        fs::write(&path, bad).unwrap();
        assert_eq!(sent_later(&credentials).await, "other");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(sent_later(&credentials).await, "other");
    fs::write(&path, "third").unwrap();
    assert_eq!(sent_later(&credentials).await, "third");
    assert_eq!(sent(&credentials).await.1.number(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refused_secret_is_read_again_at_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "first").unwrap();
    let source = SecretSource::file(&path).unwrap();
    let credentials = Credentials::api_key("x-api-key", source).unwrap();
    let (_, first) = sent(&credentials).await;
    assert_eq!(
        credentials.rejected(first, soon()).await,
        Rejection::Final,
        "it is as before"
    );
    sleep(Duration::from_millis(100)).await;
    fs::write(&path, "second").unwrap();
    for _ in 0..100 {
        let rejection = credentials.rejected(first, soon()).await;
        assert_eq!(rejection, Rejection::TryAgain);
    }
    let (value, second) = sent(&credentials).await;
    assert_eq!(value, "second");
    assert_eq!(second.number(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_function_is_asked_once_a_second_and_not_by_every_call() {
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let source = SecretSource::closure(move || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        match number {
            2 => Err(Error::new(ErrorKind::Unavailable, "demo.vault")),
            3 => panic!("a function may be broken"),
            _ => Ok(SecretString::from(format!("k{number}"))),
        }
    });
    let credentials = Credentials::api_key_with_prefix("x-api-key", "Token ", source.unwrap());
    let credentials = credentials.unwrap();
    for expected in ["Token k1", "Token k1", "Token k1", "Token k4"] {
        for _ in 0..100 {
            sent(&credentials).await;
        }
        assert_eq!(sent_later(&credentials).await, expected);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 5);
}

#[tokio::test(start_paused = true)]
async fn refusals_cause_few_reads_and_those_of_an_old_secret_none() {
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let source = SecretSource::closure(move || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        Ok(SecretString::from(format!("k{}", number.min(1))))
    });
    let credentials = Credentials::api_key("x-api-key", source.unwrap()).unwrap();
    let (_, first) = sent(&credentials).await;
    let rejection = credentials.rejected(first, soon()).await;
    assert_eq!(rejection, Rejection::TryAgain);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    sleep(Duration::from_millis(500)).await;
    for _ in 0..10 {
        let rejection = credentials.rejected(first, soon()).await;
        assert_eq!(rejection, Rejection::TryAgain);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    let (_, second) = sent(&credentials).await;
    for _ in 0..10 {
        assert_eq!(credentials.rejected(second, soon()).await, Rejection::Final);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_its_path() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    let refused = |rule: &str| {
        let error = SecretSource::file(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let shown = error.to_string();
        assert!(shown.contains(rule), "{shown}");
        assert!(shown.contains(&path.display().to_string()), "{shown}");
    };
    refused("cannot be read");
    for (content, rule) in [
        (Vec::new(), "is empty"),
        (b"\r\n".to_vec(), "is empty"),
        (vec![0xff], "is not text"),
        (vec![b'x'; 64 * 1024 + 1], "is larger than 64 KiB"),
    ] {
        fs::write(&path, content).unwrap();
        refused(rule);
    }
    fs::write(&path, vec![b'x'; usize::try_from(MAX_SECRET).unwrap()]).unwrap();
    assert!(SecretSource::file(&path).is_ok());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused("is not a file");
}

#[test]
fn an_empty_secret_of_a_function_is_refused() {
    let error = SecretSource::closure(|| Ok(SecretString::from(""))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
