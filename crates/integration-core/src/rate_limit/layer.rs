//! The rate limit as a tower layer.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};

use super::{Quota, RateLimit, RateLimitConfig};
use crate::{
    admission::Denied,
    classify::Classify,
    config::{MAX_DURATION, invalid},
    error::{ErrorKind, Result},
    keyed::KeyedConfig,
    layer::{BoxError, CallContext, DEFAULT_WAIT, Gate, Shared, policy_service},
    pause::MAX_PAUSE,
    resilience::Parts,
};

/// The limit of a key.
pub(crate) struct Limited {
    limit: RateLimit,
    max_wait: Duration,
}

policy_service! {
    /// Spaces the calls of a key to a quota. See the [module](super).
    ///
    /// A call waits for its slot if that comes within the longest wait, else it is refused at once.
    /// A hint of the server holds back all calls of the key.
    RateLimitLayer,
    /// A service with a rate limit around it. See the [module](super).
    RateLimitService,
    /// A call under way. Dropping it while it waits leaves its slot unused: it is not given on.
    ResponseFuture<Slot>,
}

impl<C> RateLimitLayer<C> {
    /// Gives every key this quota, or several; a call waits at most 30 s for its slot.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn new(limit: impl Into<RateLimitConfig>, classify: C) -> Result<Self> {
        let keys = KeyedConfig::default();
        Self::with_parts(limit, DEFAULT_WAIT, classify, keys, Parts::default())
    }

    /// As [`new`](Self::new), with this longest wait (zero refuses what cannot go at once), this
    /// room for keys and, of the parts, this clock.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn with_parts(
        limit: impl Into<RateLimitConfig>,
        max_wait: Duration,
        classify: C,
        keys: KeyedConfig,
        parts: Parts,
    ) -> Result<Self> {
        let config = limit.into().validate()?;
        if max_wait > MAX_DURATION {
            return Err(invalid("rate_limit.max_wait", "must be at most 30 days"));
        }
        let create = move |now| Limited {
            limit: RateLimit::from_valid(config, now),
            max_wait,
        };
        let shared = Shared::new(classify, keys, parts, create)?;
        Ok(Self { shared })
    }

    /// Gives a key a quota of its own, or replaces the one it has, while calls are running.
    ///
    /// Forgotten with the key when that is idle and its room is needed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the quota is not valid.
    pub fn set_rate_limit(&self, key: &str, quota: Quota) -> Result<()> {
        self.shared
            .with(key, |limited, now| limited.limit.set_quota(quota, now))
    }
}

pin_project! {
    #[project = SlotProjection]
    pub(crate) enum Slot {
        // It is taken at the first poll: a future may have been kept for a while before.
        New,
        Waiting { #[pin] timer: Sleep },
        Due,
    }
}

impl Gate for Slot {
    type Policy = Limited;

    const REFUSED: ErrorKind = ErrorKind::LimitedLocally;

    fn arrive<C>(_call: &CallContext<Limited, C>) -> Self {
        Self::New
    }

    fn poll_enter<C>(
        mut self: Pin<&mut Self>,
        call: &CallContext<Limited, C>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Denied>> {
        if let SlotProjection::New = self.as_mut().project() {
            let now = call.now();
            let Limited { limit, max_wait } = call.policy();
            match limit.reserve(call.cost, now, now + *max_wait) {
                Ok(go) if go > now => self.set(Self::Waiting {
                    timer: sleep_until(go),
                }),
                Ok(_) => self.set(Self::Due),
                Err(denied) => return Poll::Ready(Err(denied)),
            }
        }
        if let SlotProjection::Waiting { timer } = self.as_mut().project() {
            ready!(timer.poll(cx));
            self.set(Self::Due);
        }
        Poll::Ready(Ok(()))
    }

    /// Holds back the other calls of the key when the server asks for it.
    fn conclude<C, Res, E>(
        self: Pin<&mut Self>,
        call: &CallContext<Limited, C>,
        outcome: Result<Res, E>,
    ) -> Result<Res>
    where
        C: Classify<Res, E>,
        E: Into<BoxError>,
    {
        let verdict = call.judge(&outcome);
        if let Some(wait) = verdict.hint.filter(|wait| !wait.is_zero()) {
            let until = call.now() + wait.min(MAX_PAUSE);
            call.policy().limit.penalize_until(until);
        }
        call.conclude(outcome, verdict)
    }
}
