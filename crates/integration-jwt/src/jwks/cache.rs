//! The cache.

use std::{fmt, sync::Arc, time::Duration};

use integration_core::{Error, ErrorKind, Result, SharedClock, SystemClock, http::Client};
use parking_lot::Mutex;
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::{
    absent::Absent,
    config::JwksConfig,
    fetch::Source,
    pace::{Pace, Turn},
};
use crate::{
    jws::Jws,
    key_set::KeySet,
    rejection::{Refusal, Rejection},
};

/// Fetches the keys of an issuer when they are first needed, and keeps them up to date.
///
/// Clones share the keys. Nothing runs while no token is checked.
///
/// Keys older than their time to live are renewed in the background while they are used; while the
/// issuer cannot be reached they are used on, but not beyond `max_stale`. An unknown key id causes a
/// fetch, at most ten a minute.
#[derive(Clone)]
pub struct JwksCache {
    inner: Arc<Inner>,
}

struct Inner {
    source: Source,
    config: JwksConfig,
    clock: SharedClock,
    state: Mutex<State>,
    /// Changes with the end of every fetch, good or bad.
    latest: watch::Sender<Latest>,
}

#[derive(Debug, Default)]
struct State {
    pace: Pace,
    absent: Absent,
}

#[derive(Clone, Debug, Default)]
struct Latest {
    keys: Option<Arc<Fetched>>,
    error: Option<Error>,
}

/// Keys and when they were asked for, by both clocks: the monotonic one stands still while the
/// machine sleeps, and the other one may be set back.
#[derive(Debug)]
struct Fetched {
    keys: KeySet,
    at: Instant,
    unix: Duration,
}

impl JwksCache {
    /// Finds the keys of `issuer` by discovery.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the issuer is neither https nor on the loopback, or the
    /// configuration is not valid.
    pub fn discover(issuer: &str, config: JwksConfig) -> Result<Self> {
        Self::with_parts(
            issuer,
            None,
            Client::builder().build()?,
            config,
            SystemClock::shared(),
        )
    }

    /// Fetches the keys of `issuer`, at `jwks_uri` or where its discovery says, with a client and a
    /// clock of yours.
    ///
    /// # Errors
    ///
    /// As [`discover`](Self::discover).
    pub fn with_parts(
        issuer: &str,
        jwks_uri: Option<&str>,
        http: Client,
        config: JwksConfig,
        clock: SharedClock,
    ) -> Result<Self> {
        let config = config.validate()?;
        let inner = Inner {
            source: Source::new(issuer, jwks_uri, http, config.fetch_timeout)?,
            config,
            clock,
            state: Mutex::default(),
            latest: watch::Sender::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Fetches the keys now if there are none that can be used, so that the first check need not.
    ///
    /// # Errors
    ///
    /// The error of the fetch.
    pub async fn warm(&self) -> Result<()> {
        self.usable().await.map(drop)
    }

    pub(crate) async fn check(&self, jws: &Jws<'_>) -> Result<(), Refusal> {
        let known = self.usable().await.map_err(Refusal::Keys)?;
        let rejection = match known.keys.check(jws) {
            Ok(()) => return Ok(()),
            Err(rejection) if may_be_rotation(rejection, jws) => rejection,
            Err(rejection) => return Err(rejection.into()),
        };
        let kid = jws.header.kid.as_deref();
        match self.newer(&known, kid).await {
            Newer::Keys(newer) => Ok(newer.keys.check(jws)?),
            // Its key may be a new one, which nobody could tell us of.
            Newer::Failed(error) if rejection == Rejection::UnknownKey => Err(Refusal::Keys(error)),
            Newer::Failed(_) | Newer::NotYet => Err(rejection.into()),
        }
    }

    /// Keys that are not too old, fetched if they must be and may be.
    async fn usable(&self) -> Result<Arc<Fetched>> {
        let inner = &self.inner;
        let latest = inner.latest.borrow().keys.clone();
        let longest = inner.config.ttl + inner.config.max_stale;
        match latest {
            Some(fetched) if inner.age(&fetched) <= inner.config.ttl => return Ok(fetched),
            Some(fetched) if inner.age(&fetched) <= longest => {
                inner.ask();
                return Ok(fetched);
            }
            _ => inner.refresh().await,
        }
        let latest = inner.latest.borrow().clone();
        match latest.keys {
            Some(fetched) if inner.age(&fetched) <= longest => Ok(fetched),
            _ => Err(latest.error.unwrap_or_else(|| {
                Error::new(ErrorKind::Unavailable, "jwt.jwks")
                    .with_message("keys are being fetched")
            })),
        }
    }

    /// Keys that were asked for after `known`, if there are any or a fetch may begin at once.
    async fn newer(&self, known: &Arc<Fetched>, kid: Option<&str>) -> Newer {
        let inner = &self.inner;
        let latest = || {
            let latest = inner.latest.borrow().clone();
            let newer = latest.keys.filter(|keys| !Arc::ptr_eq(keys, known));
            (newer, latest.error)
        };
        if let (Some(newer), _) = latest() {
            return Newer::Keys(newer);
        }
        let now = inner.clock.now();
        if kid.is_some_and(|kid| inner.state.lock().absent.is_known(kid, now)) {
            return Newer::NotYet;
        }
        inner.refresh().await;
        let newer = match latest() {
            (Some(newer), _) => newer,
            (None, Some(error)) => return Newer::Failed(error),
            (None, None) => return Newer::NotYet,
        };
        if let Some(kid) = kid.filter(|kid| !newer.keys.has(Some(kid))) {
            inner.state.lock().absent.note(kid, inner.clock.now());
        }
        Newer::Keys(newer)
    }
}

/// What there is beside keys that do not do.
enum Newer {
    Keys(Arc<Fetched>),
    /// The last fetch failed.
    Failed(Error),
    /// None, and the next fetch may not begin yet.
    NotYet,
}

/// Whether fresh keys could make a difference.
fn may_be_rotation(rejection: Rejection, jws: &Jws<'_>) -> bool {
    match rejection {
        Rejection::UnknownKey => true,
        // Without an id nothing else tells that the key has changed.
        Rejection::BadSignature => jws.header.kid.is_none(),
        _ => false,
    }
}

impl Inner {
    fn age(&self, fetched: &Fetched) -> Duration {
        let awake = self.clock.now().saturating_duration_since(fetched.at);
        awake.max(self.clock.unix().saturating_sub(fetched.unix))
    }

    /// Sees to it that a fetch begins as soon as one may; returns when.
    fn ask(self: &Arc<Self>) -> Instant {
        let turn = self.state.lock().pace.ask(self.clock.now());
        if let Turn::Start(at) = turn {
            let mut flight = Flight {
                cache: Arc::clone(self),
                result: None,
            };
            match Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn(flight.fly(at))),
                Err(_) => flight.ground("keys are fetched on a tokio runtime, and there is none"),
            }
        }
        turn.begins()
    }

    /// Waits for fresh keys if a fetch is under way or may begin at once. A caller that would have to
    /// wait for its turn is not kept: a flood would fill the memory with callers.
    async fn refresh(self: &Arc<Self>) {
        let mut latest = self.latest.subscribe();
        let is_due = self.ask() <= self.clock.now();
        // A fetch that could not begin has ended by now, and there may be no timer to wait with.
        let has_ended = latest.has_changed().unwrap_or(true);
        if is_due && !has_ended {
            // The fetch has a deadline of its own; this one is for clocks that misbehave.
            let _ = timeout(2 * self.config.fetch_timeout, latest.changed()).await;
        }
    }
}

/// A fetch in a task of its own, so that a caller who leaves takes nothing from the others.
struct Flight {
    cache: Arc<Inner>,
    result: Option<(Result<KeySet>, Instant, Duration)>,
}

impl Flight {
    /// Ends it before it began.
    fn ground(&mut self, why: &'static str) {
        let error = Error::new(ErrorKind::Config, "jwt.jwks").with_message(why);
        let clock = &self.cache.clock;
        self.result = Some((Err(error), clock.now(), clock.unix()));
    }

    async fn fly(mut self, at: Instant) {
        sleep_until(at).await;
        let cache = Arc::clone(&self.cache);
        let (begun, unix) = (cache.clock.now(), cache.clock.unix());
        let keys = cache.source.keys(begun).await;
        self.result = Some((keys, begun, unix));
    }
}

impl Drop for Flight {
    /// Lands the fetch, broken off or not, so that the next one may begin.
    fn drop(&mut self) {
        self.cache.state.lock().pace.done();
        let result = self.result.take();
        self.cache.latest.send_modify(|latest| match result {
            Some((Ok(keys), at, unix)) => {
                latest.keys = Some(Arc::new(Fetched { keys, at, unix }));
                latest.error = None;
            }
            Some((Err(error), ..)) => latest.error = Some(error),
            None => {}
        });
    }
}

impl fmt::Debug for JwksCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksCache")
            .field("config", &self.inner.config)
            .field("keys", &self.inner.latest.borrow().keys)
            .finish_non_exhaustive()
    }
}
