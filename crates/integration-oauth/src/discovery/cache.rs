//! Discovery, once for all who ask.

use std::{fmt, sync::Arc, time::Duration};

use integration_core::{Error, ErrorKind, Result};
use parking_lot::RwLock;
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::Instant,
};
use url::Url;

use super::document::{self, mistake};
use crate::{
    preset::AuthMethod,
    provider::{Inner, Metadata},
    tokens::answer::Answer,
};

/// Age from which what a server said is asked for again. It is used on meanwhile.
pub(crate) const DEFAULT_TTL: Duration = Duration::from_secs(60 * 60);

/// How much longer it is used while the server cannot be asked.
const MAX_STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Between two attempts that fail.
const PAUSE: Duration = Duration::from_secs(10);

/// What one server said of itself, and when.
pub(crate) struct Discovery {
    ttl: Duration,
    kept: RwLock<Kept>,
    /// Held by whoever asks.
    turn: Arc<Mutex<()>>,
}

#[derive(Default)]
struct Kept {
    found: Option<Found>,
    failed: Option<(Error, Instant)>,
}

/// By both clocks: the monotonic one stands still while the machine sleeps.
#[derive(Clone)]
struct Found {
    metadata: Arc<Metadata>,
    at: Instant,
    unix: Duration,
}

impl Discovery {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            kept: RwLock::default(),
            turn: Arc::default(),
        }
    }

    /// Returns what the server says of itself; asks it where that is not known, or too old to be
    /// used. What is merely old is renewed in the background.
    pub(crate) async fn get(&self, inner: &Arc<Inner>) -> Result<Arc<Metadata>> {
        if let Some(known) = self.known(inner) {
            return known;
        }
        // Who waits here finds what the one before has found.
        let _turn = self.turn.lock().await;
        match self.known(inner) {
            Some(known) => known,
            None => self.renew(inner).await,
        }
    }

    /// What there is without asking; an error that has just been got counts too.
    fn known(&self, inner: &Arc<Inner>) -> Option<Result<Arc<Metadata>>> {
        let kept = self.kept.read();
        let now = inner.clock.now();
        let is_paused = |(_, at): &&(Error, Instant)| now.saturating_duration_since(*at) < PAUSE;
        let failed = kept.failed.as_ref().filter(is_paused);
        if let Some(found) = &kept.found {
            let age = found.age(inner);
            if age > self.ttl && failed.is_none() {
                self.renew_in_background(inner);
            }
            if age <= self.ttl + MAX_STALE {
                return Some(Ok(Arc::clone(&found.metadata)));
            }
        }
        failed.map(|(error, _)| Err(error.clone()))
    }

    /// One task at a time; who comes while it runs goes on with what is old.
    fn renew_in_background(&self, inner: &Arc<Inner>) {
        let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let inner = Arc::clone(inner);
        runtime.spawn(async move {
            let _turn: OwnedMutexGuard<()> = turn;
            // An error is kept, and what is old is used on.
            let _ = inner.discovery.renew(&inner).await;
        });
    }

    async fn renew(&self, inner: &Inner) -> Result<Arc<Metadata>> {
        let (at, unix) = (inner.clock.now(), inner.clock.unix());
        let asked = ask(inner).await;
        let mut kept = self.kept.write();
        match asked {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                kept.failed = None;
                kept.found = Some(Found {
                    metadata: Arc::clone(&metadata),
                    at,
                    unix,
                });
                Ok(metadata)
            }
            Err(error) => {
                kept.failed = Some((error.clone(), inner.clock.now()));
                Err(error)
            }
        }
    }
}

impl Found {
    fn age(&self, inner: &Inner) -> Duration {
        let awake = inner.clock.now().saturating_duration_since(self.at);
        awake.max(inner.clock.unix().saturating_sub(self.unix))
    }
}

/// Reads the document of OpenID Connect, or, where there is none, that of RFC 8414.
async fn ask(inner: &Inner) -> Result<Metadata> {
    const OPERATION: &str = "oauth.discover";
    let issuer = inner
        .guard
        .issuer()
        .ok_or_else(|| mistake("has no issuer"))?;
    let path = issuer.path().trim_end_matches('/');
    let at = |path: &str| {
        let mut url: Url = issuer.clone();
        url.set_path(path);
        url
    };
    let openid = at(&format!("{path}/.well-known/openid-configuration"));
    let mut answer = inner.get(OPERATION, &openid).await?;
    if is_absent(&answer) {
        let oauth = at(&format!("/.well-known/oauth-authorization-server{path}"));
        answer = inner.get(OPERATION, &oauth).await?;
    }
    if !answer.status.is_success() {
        let kind = ErrorKind::from_status(answer.status.as_u16()).unwrap_or(ErrorKind::Other);
        return Err(Error::new(kind, OPERATION)
            .with_status(answer.status.as_u16())
            .with_url(openid.as_str()));
    }
    let is_mtls = inner.identity.method == Some(AuthMethod::Mtls);
    let template = inner.preset.issuer_template.as_deref();
    document::read(
        &answer.body,
        &inner.endpoints,
        template,
        &inner.guard,
        is_mtls,
    )
}

/// Servers without the one document answer so, as various as they are.
fn is_absent(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 400 | 403 | 404 | 405 | 410)
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovery").finish_non_exhaustive()
    }
}
