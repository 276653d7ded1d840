//! A secret that is read again while it is used.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use ::http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::RwLock;
use tokio::{runtime::Handle, task::JoinHandle, time::Instant};

use super::source::Reader;
use crate::{
    clock::{Clock, SystemClock},
    credentials::{
        Rejection,
        form::Form,
        lender::{Generation, Lender, Lending, Lent},
    },
    error::{Error, ErrorKind, Result},
};

/// How often the secret is read while it is used.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The shortest time between two reads because a server refused the secret.
const FORCED_INTERVAL: Duration = Duration::from_millis(100);

/// The value of a header that follows a secret.
pub(in crate::credentials) struct Watched {
    header: HeaderName,
    shared: Arc<Shared>,
}

struct Shared {
    name: String,
    reader: Reader,
    form: Form,
    current: RwLock<Lent>,
    /// When times are counted from.
    base: Instant,
    /// When the secret is read next, in milliseconds.
    next: AtomicU64,
    is_reading: AtomicBool,
    /// Whether the present trouble has been told.
    is_warned: AtomicBool,
    /// Held by the one who reads because of a 401, with the time of the last such read.
    forced: tokio::sync::Mutex<Option<Instant>>,
}

impl Watched {
    pub(in crate::credentials) fn new(
        header: HeaderName,
        form: Form,
        first: HeaderValue,
        name: String,
        reader: Reader,
    ) -> Self {
        let shared = Shared {
            name,
            reader,
            form,
            current: RwLock::new(Lent {
                value: first,
                generation: Generation::new(1),
            }),
            base: SystemClock.now(),
            next: AtomicU64::new(millis(CHECK_INTERVAL)),
            is_reading: AtomicBool::new(false),
            is_warned: AtomicBool::new(false),
            forced: tokio::sync::Mutex::default(),
        };
        Self {
            header,
            shared: Arc::new(shared),
        }
    }

    fn lent(&self) -> Lent {
        let now = millis(
            SystemClock
                .now()
                .saturating_duration_since(self.shared.base),
        );
        let next = self.shared.next.load(Ordering::Relaxed);
        let then = now.saturating_add(millis(CHECK_INTERVAL));
        let swap = |next| {
            let order = Ordering::Relaxed;
            self.shared.next.compare_exchange(next, then, order, order)
        };
        if now >= next && swap(next).is_ok() {
            drop(self.shared.read_behind());
        }
        self.shared.current.read().clone()
    }

    async fn rejected(&self, generation: Generation, deadline: Instant) -> Rejection {
        let shared = &self.shared;
        let reading = async {
            let mut forced = shared.forced.lock().await;
            let now = SystemClock.now();
            let is_recent = |at: &Instant| now.saturating_duration_since(*at) < FORCED_INTERVAL;
            let is_replaced = shared.current.read().generation != generation;
            if is_replaced || forced.as_ref().is_some_and(is_recent) {
                return;
            }
            *forced = Some(now);
            if let Some(reading) = shared.read_behind() {
                // It says nothing of its end; what is held afterwards does.
                let _ = reading.await;
            }
        };
        let _ = tokio::time::timeout_at(deadline, reading).await;
        if shared.current.read().generation == generation {
            Rejection::Final
        } else {
            Rejection::TryAgain
        }
    }
}

impl Shared {
    /// Reads on a thread for blocking work; `None` while a read is under way, or without a runtime.
    fn read_behind(self: &Arc<Self>) -> Option<JoinHandle<()>> {
        let runtime = Handle::try_current().ok()?;
        if self.is_reading.swap(true, Ordering::Acquire) {
            return None;
        }
        let reading = Reading(Arc::clone(self));
        Some(runtime.spawn(async move {
            let shared = Arc::clone(&reading.0);
            // A reader that panics leaves the secret as it is.
            if let Ok(value) = tokio::task::spawn_blocking(move || shared.value()).await {
                reading.0.take_in(value);
            }
        }))
    }

    fn take_in(&self, value: Result<HeaderValue>) {
        match value {
            Ok(value) => self.put(value),
            Err(error) if !self.is_warned.swap(true, Ordering::Relaxed) => {
                tracing::warn!(
                    source = %self.name, %error,
                    "secret could not be read again, the last good one is used",
                );
            }
            Err(_) => {}
        }
    }

    fn value(&self) -> Result<HeaderValue> {
        let secret = (self.reader)()?;
        let refuse = |rule| {
            let message = format!("secret {rule}");
            Error::new(ErrorKind::Config, "credentials.secret").with_message(message)
        };
        self.form.value(&secret).map_err(refuse)
    }

    fn put(&self, value: HeaderValue) {
        self.is_warned.store(false, Ordering::Relaxed);
        let mut current = self.current.write();
        if current.value == value {
            return;
        }
        let generation = Generation::new(current.generation.number() + 1);
        *current = Lent { value, generation };
        drop(current);
        tracing::info!(source = %self.name, "secret replaced");
    }
}

/// A read under way; its end is noted even if the reader panics.
struct Reading(Arc<Shared>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.is_reading.store(false, Ordering::Release);
    }
}

impl Lender for Watched {
    fn header(&self) -> &HeaderName {
        &self.header
    }

    fn ready(&self) -> Option<Lent> {
        Some(self.lent())
    }

    fn lend(&self, _deadline: Instant) -> Lending<'_, Result<Lent>> {
        Box::pin(std::future::ready(Ok(self.lent())))
    }

    fn reject(
        &self,
        generation: Generation,
        _answer: &HeaderMap,
        deadline: Instant,
    ) -> Lending<'_, Rejection> {
        Box::pin(self.rejected(generation, deadline))
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("source", &self.shared.name)
            .field("current", &*self.shared.current.read())
            .finish_non_exhaustive()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
