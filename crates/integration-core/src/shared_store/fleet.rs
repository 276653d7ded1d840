//! One process of a fleet: the store, and what holds without it.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    config::{FleetConfig, OWN_HORIZON},
    event::FleetEvent,
    link::{Caution, Failure, FleetHealth, Link, Reason, Route, Ticket},
    member::Member,
    share::Limits,
    store::{Answer, Demands, Grant, Payment, SharedStore, Verdict},
};
use crate::{
    admission::Denied,
    clock::SharedClock,
    config::invalid,
    error::{Error, ErrorKind, Result},
    keyed::Keyed,
    rng::Rng,
};

/// Calls whose share of the retry budget is sent in one round trip.
const DEPOSIT_BATCH: u32 = 16;

/// Calls whose share is kept for the store while it is away.
const MAX_PENDING: u32 = 1_024;

type Watcher = Arc<dyn Fn(&FleetEvent<'_>) + Send + Sync>;

/// Shares quotas, pauses and retry budgets with the other processes. See the [module](super).
pub struct Fleet {
    store: Arc<dyn SharedStore>,
    config: FleetConfig,
    clock: SharedClock,
    rng: Arc<dyn Rng>,
    watcher: Option<Watcher>,
    link: Mutex<Link>,
    keys: Keyed<Member>,
}

/// What came of asking the store.
enum Asked<T> {
    Answer(T),
    /// The store is not used; our own limit began at this instant.
    Local(Instant),
    /// Only this key cannot be used.
    Unusable(Error),
}

impl Fleet {
    /// Joins the fleet that uses `store`. Connects to nothing yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the configuration is not valid.
    pub fn new(
        store: Arc<dyn SharedStore>,
        config: FleetConfig,
        clock: SharedClock,
        rng: Arc<dyn Rng>,
    ) -> Result<Self> {
        let config = config.validate()?;
        let link = Link::new(config.backoff, config.settle());
        let keys = Keyed::from_valid(config.keys.clone(), clock.now());
        Ok(Self {
            store,
            config,
            clock,
            rng,
            watcher: None,
            link: Mutex::new(link),
            keys,
        })
    }

    /// Is told of every change; a log line is made of it elsewhere. It must not block.
    #[must_use]
    pub fn on_change(mut self, watcher: impl Fn(&FleetEvent<'_>) + Send + Sync + 'static) -> Self {
        self.watcher = Some(Arc::new(watcher));
        self
    }

    /// Tells whether the store is used just now.
    #[must_use]
    pub fn health(&self) -> FleetHealth {
        self.link.lock().health()
    }

    /// Checks that the quotas can be divided among the processes when the store is away.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when there are more processes than permits. [`admit`](Self::admit)
    /// then still works, but without the store each process may send one call a window.
    pub fn check(&self, demands: &Demands) -> Result<()> {
        let permits = demands.as_slice().iter().map(|d| d.quota.permits());
        match permits.min() {
            Some(permits) if permits < self.config.members => Err(invalid(
                "fleet.members",
                "must be at most the permits of the quota",
            )),
            _ => Ok(()),
        }
    }

    /// Asks pause and quotas of `key` for one attempt, and takes its slot.
    ///
    /// One round trip; none during a pause and while the store is away. Never waits longer than
    /// the bound, and never fails. Not cancel safe: a dropped future may have taken a slot.
    pub async fn admit(&self, key: &str, demands: &Demands, max_wait: Duration) -> Verdict {
        let now = self.clock.now();
        let member = self.member(key, now);
        if let Err(denied) = member.pause.admit(now) {
            let until = denied.until.unwrap_or(now);
            return Verdict::Paused(until.saturating_duration_since(now));
        }
        // First our own slot: a call that the store has counted must not be held up for it.
        let caution = self.link.lock().caution(now);
        if let Some(caution) = caution {
            let own = self.own_slot_now(&member, demands, caution, now);
            if own != Verdict::Go {
                return own;
            }
        }
        let asked = self
            .ask(now, |store| store.admit(key, demands, max_wait))
            .await;
        let then = self.clock.now();
        let since = match asked {
            Asked::Answer(grant) => {
                member.usable();
                return self.granted(&member, demands, grant, caution.map(|_| now), then);
            }
            Asked::Local(since) => since,
            Asked::Unusable(error) => self.unusable(&member, key, &error),
        };
        if caution.is_some() {
            return Verdict::Go;
        }
        let limits = Limits {
            max_wait: max_wait.saturating_sub(then.saturating_duration_since(now)),
            horizon: OWN_HORIZON,
        };
        let mut share = member.share.lock();
        share.book(demands, self.config.members, since, then, limits)
    }

    /// Obeys the store, and our own limit where another process may not have found the store.
    ///
    /// `own` is when our own slot was taken, if it was.
    fn granted(
        &self,
        member: &Member,
        demands: &Demands,
        grant: Grant,
        own: Option<Instant>,
        now: Instant,
    ) -> Verdict {
        let caution = {
            let mut link = self.link.lock();
            link.remembers(grant.age, now);
            link.caution(now)
        };
        if let Verdict::Paused(left) = grant.verdict {
            member.pause.pause(left, now);
        }
        match (grant.verdict, own, caution) {
            (Verdict::Full(_) | Verdict::Paused(_), Some(at), _) => {
                let mut share = member.share.lock();
                share.give_back(demands, self.config.members, at);
            }
            // Only now do we know that our own limit applies. The slot of the store may be lost.
            (Verdict::Go | Verdict::Wait(_), None, Some(caution)) => {
                let own = self.own_slot_now(member, demands, caution, now);
                if own != Verdict::Go {
                    return own;
                }
            }
            _ => {}
        }
        grant.verdict
    }

    /// Takes a slot of our own limit if there is one now, and never books one.
    fn own_slot_now(
        &self,
        member: &Member,
        demands: &Demands,
        caution: Caution,
        now: Instant,
    ) -> Verdict {
        let limits = Limits {
            max_wait: Duration::MAX,
            horizon: Duration::ZERO,
        };
        let mut share = member.share.lock();
        let own = share.book(demands, self.config.members, caution.since, now, limits);
        match own {
            // By then our own limit does not apply any more.
            Verdict::Full(wait) => Verdict::Full(wait.min(caution.until - now)),
            own => own,
        }
    }

    /// Pauses `key` in every process because the server asked for it.
    ///
    /// This process is paused before the first await. At most one round trip, at most the bound.
    pub async fn pause(&self, key: &str, wait: Duration) {
        let now = self.clock.now();
        let member = self.member(key, now);
        member.pause.pause(wait, now);
        // Without the store each process is told by the server itself.
        if let Asked::Unusable(error) = self.ask(now, |store| store.pause(key, wait)).await {
            self.unusable(&member, key, &error);
        }
    }

    /// Earns the share of one call. Called once a call; one in 16 makes a round trip.
    pub async fn deposit(&self, key: &str) {
        let now = self.clock.now();
        let member = self.member(key, now);
        member.budget.deposit();
        let calls = member.pending.fetch_add(1, Ordering::Relaxed) + 1;
        if calls.is_multiple_of(DEPOSIT_BATCH) {
            // It only adds; what a price of 0 is answered does not matter.
            let _ = self.book(&member, key, 0, now).await;
        }
    }

    /// Pays for one retry of this price in tokens; a price of 0 is always paid.
    ///
    /// One round trip; none while the store is away. Not cancel safe: a dropped future may have
    /// paid.
    ///
    /// # Errors
    ///
    /// [`Denied`] when the fleet cannot afford it; nothing is paid then.
    pub async fn withdraw(&self, key: &str, price: u32) -> Result<(), Denied> {
        if price == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        let member = self.member(key, now);
        match self.book(&member, key, price, now).await {
            Some(Payment::Paid) => {
                let _ = member.budget.withdraw(price, now);
                Ok(())
            }
            Some(Payment::Denied(wait)) => Err(Denied {
                until: wait.map(|wait| self.clock.now() + wait),
            }),
            None => member.budget.withdraw(price, self.clock.now()).map(|_| ()),
        }
    }

    /// Books on the shared budget; `None` when it cannot be asked.
    async fn book(&self, member: &Member, key: &str, price: u32, now: Instant) -> Option<Payment> {
        let calls = member.pending.swap(0, Ordering::Relaxed);
        let budget = &self.config.retry_budget;
        let asked = self.ask(now, |store| store.withdraw(key, budget, calls, price));
        match asked.await {
            Asked::Answer(payment) => return Some(payment),
            Asked::Local(_) => {}
            Asked::Unusable(error) => {
                self.unusable(member, key, &error);
            }
        }
        let kept = calls.min(MAX_PENDING);
        member.pending.fetch_add(kept, Ordering::Relaxed);
        None
    }

    /// Asks the store within the bound, if it is to be asked at all.
    async fn ask<'a, T>(
        &'a self,
        now: Instant,
        question: impl FnOnce(&'a dyn SharedStore) -> Answer<'a, T>,
    ) -> Asked<T> {
        let ticket = match self.link.lock().route(now, &*self.rng) {
            Route::Store(ticket) => ticket,
            Route::Local(since) => return Asked::Local(since),
        };
        let answer = question(&*self.store);
        let outcome = tokio::time::timeout(self.config.timeout, answer).await;
        let now = self.clock.now();
        match outcome {
            Ok(Ok(answer)) => {
                self.answered(ticket, now);
                Asked::Answer(answer)
            }
            Ok(Err(error)) if error.kind() == ErrorKind::Decode => {
                self.answered(ticket, now);
                Asked::Unusable(error)
            }
            Ok(Err(error)) if error.kind() == ErrorKind::Config => {
                self.failed(ticket, Reason::Misconfigured, Some(&error), now)
            }
            Ok(Err(error)) => self.failed(ticket, Reason::Away, Some(&error), now),
            Err(_) => self.failed(ticket, Reason::Slow, None, now),
        }
    }

    fn answered(&self, ticket: Ticket, now: Instant) {
        let away = self.link.lock().answered(ticket, now);
        if let Some(away) = away {
            self.tell(&FleetEvent::Restored { away });
        }
    }

    fn failed<T>(
        &self,
        ticket: Ticket,
        reason: Reason,
        error: Option<&Error>,
        now: Instant,
    ) -> Asked<T> {
        let (failure, since) = {
            let mut link = self.link.lock();
            let failure = link.failed(ticket, reason, now, &*self.rng);
            (failure, link.lost_since().unwrap_or(now))
        };
        // A late failure must not cost the connection that was made since.
        if failure != Failure::Stale && reason == Reason::Slow {
            self.store.reset();
        }
        if failure == Failure::Lost {
            self.tell(&FleetEvent::Degraded { reason, error });
        }
        Asked::Local(since)
    }

    /// Notes that only this key cannot be used; returns since when.
    fn unusable(&self, member: &Member, key: &str, error: &Error) -> Instant {
        let (since, news) = member.unusable(self.clock.now());
        if news {
            self.tell(&FleetEvent::KeyUnusable { key, error });
        }
        since
    }

    fn tell(&self, event: &FleetEvent<'_>) {
        if let Some(watcher) = &self.watcher {
            watcher(event);
        }
    }

    fn member(&self, key: &str, now: Instant) -> Arc<Member> {
        self.keys.get(key, now, || Member::new(&self.config, now))
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("store", &self.store)
            .field("config", &self.config)
            .field("health", &self.health())
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
