//! What the clones of a layer share, and what it knows of one call.

use std::{borrow::Cow, sync::Arc};

use tokio::time::Instant;

use super::BoxError;
use crate::{
    classify::{Call, Classify, Describe, Repeat, Verdict},
    clock::SharedClock,
    config::invalid,
    error::{Delivery, Error, ErrorKind, GaveUp, Result},
    keyed::{Keyed, KeyedConfig},
    rate_limit::Cost,
    resilience::Parts,
};

/// Shared by all clones: the classifier, and a policy `P` for each key.
pub(crate) struct Shared<P, C> {
    classify: C,
    clock: SharedClock,
    keys: Keyed<Slot<P>>,
    create: Box<dyn Fn(Instant) -> P + Send + Sync>,
}

struct Slot<P> {
    key: Box<str>,
    policy: P,
}

impl<P, C> Shared<P, C> {
    /// `create` makes the policy of a key that is new.
    pub(crate) fn new(
        classify: C,
        keys: KeyedConfig,
        parts: Parts,
        create: impl Fn(Instant) -> P + Send + Sync + 'static,
    ) -> Result<Arc<Self>> {
        let rule = "is not for the layer of a single policy, which tells and asks nobody";
        if parts.observer.is_some() {
            return Err(invalid("observer", rule));
        }
        if parts.fleet.is_some() {
            return Err(invalid("fleet", rule));
        }
        let keys = Keyed::new(keys, parts.clock.now())?;
        Ok(Arc::new(Self {
            classify,
            clock: parts.clock,
            keys,
            create: Box::new(create),
        }))
    }

    /// Runs `with` on the policy of a key.
    pub(crate) fn with<T>(&self, key: &str, with: impl FnOnce(&P, Instant) -> T) -> T {
        let now = self.clock.now();
        with(&self.slot(key, now).policy, now)
    }

    fn slot(&self, key: &str, now: Instant) -> Arc<Slot<P>> {
        self.keys.get(key, now, || Slot {
            key: Box::from(key),
            policy: (self.create)(now),
        })
    }
}

/// One call under way.
pub(crate) struct CallContext<P, C> {
    shared: Arc<Shared<P, C>>,
    slot: Arc<Slot<P>>,
    operation: Cow<'static, str>,
    repeat: Repeat,
    /// What it takes of the rate limit.
    pub(crate) cost: Cost,
    pub(crate) started: Instant,
}

impl<P, C> CallContext<P, C> {
    pub(crate) fn new<Req>(shared: &Arc<Shared<P, C>>, request: &Req) -> Self
    where
        C: Describe<Req>,
    {
        let started = shared.clock.now();
        let call = shared.classify.describe(request);
        Self {
            shared: Arc::clone(shared),
            slot: shared.slot(&call.key, started),
            cost: call.cost(),
            operation: call.operation,
            repeat: call.repeat,
            started,
        }
    }

    pub(crate) fn policy(&self) -> &P {
        &self.slot.policy
    }

    pub(crate) fn now(&self) -> Instant {
        self.shared.clock.now()
    }

    pub(crate) fn judge<Res, E>(&self, outcome: &Result<Res, E>) -> Verdict
    where
        C: Classify<Res, E>,
    {
        let call = Call::new(self.operation.clone(), &*self.slot.key).with_repeat(self.repeat);
        self.shared.classify.classify(&call, outcome.as_ref())
    }

    /// Ends a call with what the inner service gave.
    pub(crate) fn conclude<Res, E>(&self, outcome: Result<Res, E>, verdict: Verdict) -> Result<Res>
    where
        E: Into<BoxError>,
    {
        outcome.map_err(|e| {
            ours(e, |source| {
                verdict
                    .into_error(self.operation.clone())
                    .with_source(source)
            })
        })
    }

    /// As [`conclude`](Self::conclude), for a policy to which the verdict says nothing.
    pub(crate) fn pass<Res, E>(&self, outcome: Result<Res, E>) -> Result<Res>
    where
        C: Classify<Res, E>,
        E: Into<BoxError>,
    {
        if outcome.is_ok() {
            // A response passes as it is, so nobody is asked what it means.
            return self.conclude(outcome, Verdict::success());
        }
        let verdict = self.judge(&outcome);
        self.conclude(outcome, verdict)
    }

    /// Ends a call that was never made.
    pub(crate) fn refuse(&self, kind: ErrorKind, until: Option<Instant>, now: Instant) -> Error {
        let error = self.fail(kind, now).with_delivery(Delivery::NotSent);
        let error = error.with_gave_up(GaveUp::Refused);
        match until {
            Some(until) => error.with_retry_after(until.saturating_duration_since(now)),
            None => error,
        }
    }

    /// Ends a call in a way that the inner service knows nothing of.
    pub(crate) fn fail(&self, kind: ErrorKind, now: Instant) -> Error {
        Error::new(kind, self.operation.clone())
            .with_history(Vec::new(), now.saturating_duration_since(self.started))
    }
}

/// Passes an error of ours as it is, and hands any other to `wrap`.
pub(crate) fn ours(error: impl Into<BoxError>, wrap: impl FnOnce(BoxError) -> Error) -> Error {
    match error.into().downcast::<Error>() {
        Ok(ours) => *ours,
        Err(other) => wrap(other),
    }
}
