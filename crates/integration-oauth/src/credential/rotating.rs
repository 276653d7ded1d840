//! A credential in use.

use std::{fmt, sync::Arc, time::Duration};

use integration_core::{Error, ErrorKind, Result, http::HeaderMap};
use parking_lot::Mutex;

use super::{
    Credential, CredentialEvent, CredentialKeeper, Version,
    lender::LOOKED_AGAIN,
    versions::{Next, Versions},
};
use crate::connection::ConnectionKey;

/// How often a write is tried that others get in the way of.
pub(super) const TRIES: usize = 8;

/// How often an old credential is told of.
const TOLD_AGAIN: Duration = Duration::from_secs(24 * 3600);

/// A credential that may be changed while it is used. A clone is the same one.
#[derive(Clone)]
pub struct RotatingCredential(Arc<Inner>);

struct Inner {
    keeper: CredentialKeeper,
    key: ConnectionKey,
    held: Mutex<Held>,
}

struct Held {
    /// The version of the record that this is.
    version: u64,
    versions: Versions,
    /// When the next one was refused last.
    refused_at: Option<Duration>,
    /// Which one a client was refused with last, and has had no success since.
    refused_last: Option<Version>,
    told_at: Option<Duration>,
    /// When the store was asked last for what others have done.
    looked_at: Option<Duration>,
    is_promoting: bool,
}

/// A credential to try.
pub(super) struct Picked {
    /// The version of the record that it is of.
    pub(super) record: u64,
    pub(super) version: Version,
    pub(super) credential: Credential,
}

impl RotatingCredential {
    pub(super) fn new(
        keeper: CredentialKeeper,
        key: ConnectionKey,
        version: u64,
        versions: Versions,
    ) -> Self {
        Self(Arc::new(Inner {
            keeper,
            key,
            held: Mutex::new(Held {
                version,
                versions,
                refused_at: None,
                refused_last: None,
                told_at: None,
                looked_at: None,
                is_promoting: false,
            }),
        }))
    }

    /// Stages the next credential. From now on it is tried first; for `overlap` the provider takes
    /// the current one too, and after that nothing leads back to it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it could never be sent; those of store and vault.
    pub async fn stage(&self, next: Credential, overlap: Duration) -> Result<()> {
        next.check()?;
        let now = self.0.keeper.clock.unix();
        let next = Next {
            credential: next,
            since: now,
            overlap_until: now.saturating_add(overlap),
        };
        self.change(|mut versions| {
            versions.next = Some(next.clone());
            Some(versions)
        })
        .await?;
        self.0.held.lock().forget_refusals();
        Ok(())
    }

    /// Returns the credential to try now, and which it is.
    #[must_use]
    pub fn pick(&self) -> (Version, Credential) {
        let picked = self.picked();
        (picked.version, picked.credential)
    }

    pub(super) fn picked(&self) -> Picked {
        let now = self.0.keeper.clock.unix();
        let mut held = self.0.held.lock();
        let version = held.versions.pick(now, held.refused_at);
        let credential = held.versions.get(version).clone();
        let record = held.version;
        let age = now.saturating_sub(held.versions.since);
        let is_told = held
            .told_at
            .is_some_and(|at| now.saturating_sub(at) < TOLD_AGAIN);
        let is_old = age > self.0.keeper.max_age && !is_told;
        if is_old {
            held.told_at = Some(now);
        }
        drop(held);
        if is_old {
            let key = self.0.key.clone();
            tracing::warn!(connection = %key, days = age.as_secs() / 86_400, "credential is old");
            self.0.keeper.tell(&CredentialEvent::Old { key, age });
        }
        Picked {
            record,
            version,
            credential,
        }
    }

    /// Takes notice that the provider took this one. The first time of the next one, it becomes the
    /// current one.
    ///
    /// # Errors
    ///
    /// Those of store and vault. The credential is good all the same, and is tried first again.
    pub async fn accepted(&self, version: Version) -> Result<()> {
        match self.staged_at(self.number()) {
            Some(staged_at) if version == Version::Next => self.promote(staged_at).await,
            _ => Ok(()),
        }
    }

    /// Makes the next one the current one, if it is still the one that was staged then.
    async fn promote(&self, staged_at: Duration) -> Result<()> {
        let is_promoted = self
            .change(|versions| {
                let is_this = versions.next.as_ref()?.since == staged_at;
                is_this.then(|| versions.promoted())
            })
            .await?;
        if is_promoted {
            let key = self.0.key.clone();
            tracing::info!(connection = %key, "credential replaced");
            self.0.keeper.tell(&CredentialEvent::Promoted { key });
        }
        Ok(())
    }

    /// Takes notice that the provider refused this one with 401; returns the other one to try, if
    /// there is one.
    #[must_use]
    pub fn refused(&self, version: Version) -> Option<(Version, Credential)> {
        let now = self.0.keeper.clock.unix();
        let mut held = self.0.held.lock();
        // With the current one refused there is no reason to leave the next one alone.
        held.refused_at = (version == Version::Next).then_some(now);
        let other = held.versions.other(version, now);
        let other = other.map(|other| (other, held.versions.get(other).clone()));
        drop(held);
        match (version, &other) {
            (Version::Next, Some(_)) => {
                let key = self.0.key.clone();
                tracing::warn!(connection = %key, "next credential refused, the current one is used");
                self.0.keeper.tell(&CredentialEvent::NextRefused { key });
            }
            // The next one is tried yet, and tells for itself.
            (Version::Current, Some(_)) => {}
            (_, None) => self.tell_refused(),
        }
        other
    }

    /// Makes a call with the headers of the credential, and once more with those of the other one
    /// if it ends in [`ErrorKind::Unauthenticated`].
    ///
    /// # Errors
    ///
    /// The last error of the call, or as [`Credential::headers`].
    pub async fn call<T>(&self, call: impl AsyncFn(HeaderMap) -> Result<T>) -> Result<T> {
        let mut picked = self.picked();
        let mut tries = 0;
        loop {
            tries += 1;
            match call(picked.credential.headers()?).await {
                Ok(answer) => {
                    self.took(&picked).await;
                    return Ok(answer);
                }
                Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                    picked = self.other(&picked, tries).ok_or(error)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads what is stored again, which another process may have changed.
    ///
    /// # Errors
    ///
    /// Those of store and vault; [`ErrorKind::NotFound`] when it was removed.
    pub async fn reload(&self) -> Result<()> {
        let key = &self.0.key;
        let read = self.0.keeper.read(key).await?;
        let (version, versions) = read.ok_or_else(|| CredentialKeeper::gone(key))?;
        let mut held = self.0.held.lock();
        // Never back to what was read before a write of ours.
        if version > held.version {
            (held.version, held.versions) = (version, versions);
            held.forget_refusals();
        }
        Ok(())
    }

    /// The one to try after this many were refused, of which this is the last.
    pub(super) fn other(&self, refused: &Picked, tries: usize) -> Option<Picked> {
        // Before the look at it: of a record that changes in between it is never promoted.
        let record = self.number();
        let (version, credential) = self.refused(refused.version)?;
        if tries < 2 {
            return Some(Picked {
                record,
                version,
                credential,
            });
        }
        self.tell_refused();
        None
    }

    /// The version of the record that is held.
    pub(super) fn number(&self) -> u64 {
        self.0.held.lock().version
    }

    pub(super) fn version(&self, version: Version) -> Credential {
        self.0.held.lock().versions.get(version).clone()
    }

    pub(super) fn both(&self) -> [Credential; 2] {
        let held = self.0.held.lock();
        [Version::Current, Version::Next].map(|version| held.versions.get(version).clone())
    }

    /// Whether to ask the store for another one than this, of which there is none here.
    pub(super) fn looks_again(&self, refused: Version) -> bool {
        let now = self.0.keeper.clock.unix();
        let mut held = self.0.held.lock();
        let looked = held.looked_at;
        let is_late = looked.is_none_or(|at| now.saturating_sub(at) >= LOOKED_AGAIN);
        let looks = is_late && held.versions.other(refused, now).is_none();
        if looks {
            held.looked_at = Some(now);
        }
        looks
    }

    /// When the next one of this record was staged; `None` when it is not held any more.
    fn staged_at(&self, record: u64) -> Option<Duration> {
        let held = self.0.held.lock();
        let next = held.versions.next.as_ref();
        next.filter(|_| held.version == record)
            .map(|next| next.since)
    }

    /// The same, if nobody promotes it: the caller does so from now on.
    pub(super) fn begins_promotion(&self, record: u64) -> Option<Duration> {
        let staged_at = self.staged_at(record)?;
        let was_promoting = std::mem::replace(&mut self.0.held.lock().is_promoting, true);
        (!was_promoting).then_some(staged_at)
    }

    pub(super) fn ends_promotion(&self) {
        self.0.held.lock().is_promoting = false;
    }

    /// Takes notice that a client was answered with a success or a 401. It asks for another one but
    /// once in a call: that the other one was refused too is seen here alone.
    pub(super) fn heard(&self, version: Version, is_taken: bool) {
        let mut held = self.0.held.lock();
        let before = held.refused_last.take();
        let are_both = !is_taken && before.is_some_and(|before| before != version);
        if !is_taken && !are_both {
            held.refused_last = Some(version);
        }
        drop(held);
        if are_both {
            self.tell_refused();
        }
    }

    fn tell_refused(&self) {
        let key = self.0.key.clone();
        tracing::error!(connection = %key, "credential refused, and there is no other");
        self.0.keeper.tell(&CredentialEvent::Refused { key });
    }

    /// Takes notice that the provider took this one. Another may have been staged in the meantime.
    pub(super) async fn took(&self, picked: &Picked) {
        let staged_at = self.staged_at(picked.record);
        if let (Version::Next, Some(staged_at)) = (picked.version, staged_at) {
            self.promote_or_warn(staged_at).await;
        }
    }

    /// Promotes where a call must not fail for it.
    pub(super) async fn promote_or_warn(&self, staged_at: Duration) {
        if let Err(error) = self.promote(staged_at).await {
            tracing::warn!(connection = %self.0.key, %error, "credential works but is not stored as the current one");
        }
    }

    /// Changes what is stored, on top of what others have; `false` when there is nothing to change.
    async fn change(&self, change: impl Fn(Versions) -> Option<Versions>) -> Result<bool> {
        let (key, keeper) = (&self.0.key, &self.0.keeper);
        for _ in 0..TRIES {
            let (version, versions) = {
                let held = self.0.held.lock();
                (held.version, held.versions.clone())
            };
            let Some(changed) = change(versions) else {
                return Ok(false);
            };
            if let Some(version) = keeper.write(key, version, &changed).await? {
                let mut held = self.0.held.lock();
                if version > held.version {
                    (held.version, held.versions) = (version, changed);
                }
                return Ok(true);
            }
            self.reload().await?;
        }
        Err(contended(key))
    }
}

impl Held {
    /// Forgets what was said of others than those that are held now.
    fn forget_refusals(&mut self) {
        self.refused_at = None;
        self.refused_last = None;
    }
}

pub(super) fn contended(key: &ConnectionKey) -> Error {
    Error::new(ErrorKind::Conflict, "oauth.credential")
        .with_message("others write this credential all the time")
        .with_context("connection", key)
}

impl fmt::Debug for RotatingCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotatingCredential")
            .field("key", &self.0.key)
            .field("held", &self.0.held.lock().versions)
            .finish_non_exhaustive()
    }
}
