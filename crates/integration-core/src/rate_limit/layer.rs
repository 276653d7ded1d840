//! The rate limit as a tower layer.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower_service::Service;

use super::{Quota, RateLimit, RateLimitConfig};
use crate::{
    classify::{Classify, Describe},
    config::{MAX_DURATION, invalid},
    error::{ErrorKind, Result},
    layer::{Attempt, BoxError, CallContext, DEFAULT_WAIT, Parts, Shared, policy_service},
    pause::MAX_PAUSE,
};

type State<C> = Shared<Limited, C>;

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
}

impl<C> RateLimitLayer<C> {
    /// Gives every key this quota, or several; a call waits at most 30 s for its slot.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn new(limit: impl Into<RateLimitConfig>, classify: C) -> Result<Self> {
        Self::with_parts(limit, DEFAULT_WAIT, classify, Parts::default())
    }

    /// As [`new`](Self::new), with this longest wait (zero refuses what cannot go at once), clock
    /// and room for keys.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn with_parts(
        limit: impl Into<RateLimitConfig>,
        max_wait: Duration,
        classify: C,
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
        let shared = Shared::new(classify, parts, create)?;
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
    /// A call under way. Dropping it while it waits leaves its slot unused: it is not given on.
    pub struct ResponseFuture<S, C, Req>
    where
        S: Service<Req>,
    {
        call: CallContext<Limited, C>,
        #[pin]
        stage: Stage,
        #[pin]
        attempt: Attempt<S, Req>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage {
        // The slot is taken at the first poll: a future may have been kept for a while before.
        New,
        Waiting { #[pin] timer: Sleep },
        Running,
        Done,
    }
}

impl<S: Service<Req>, C, Req> ResponseFuture<S, C, Req> {
    fn new(inner: S, shared: &Arc<State<C>>, request: Req) -> Self
    where
        C: Describe<Req>,
    {
        Self {
            call: CallContext::new(shared, &request),
            stage: Stage::New,
            attempt: Attempt::new(inner, Some(request)),
        }
    }
}

impl<S, C, Req> Future for ResponseFuture<S, C, Req>
where
    S: Service<Req>,
    S::Error: Into<BoxError>,
    C: Classify<S::Response, S::Error>,
{
    type Output = Result<S::Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.stage.as_mut().project() {
                StageProjection::New => {
                    let now = this.call.now();
                    let Limited { limit, max_wait } = this.call.policy();
                    match limit.reserve(this.call.cost, now, now + *max_wait) {
                        Ok(go) if go > now => Stage::Waiting {
                            timer: sleep_until(go),
                        },
                        Ok(_) => Stage::Running,
                        Err(denied) => {
                            this.stage.set(Stage::Done);
                            let kind = ErrorKind::LimitedLocally;
                            return Poll::Ready(Err(this.call.refuse(kind, denied.until, now)));
                        }
                    }
                }
                StageProjection::Waiting { timer } => {
                    ready!(timer.poll(cx));
                    Stage::Running
                }
                StageProjection::Running => {
                    let outcome = ready!(this.attempt.poll(cx));
                    this.stage.set(Stage::Done);
                    return Poll::Ready(obey(this.call, outcome));
                }
                StageProjection::Done => return Poll::Pending,
            };
            this.stage.set(next);
        }
    }
}

/// Holds back the other calls of the key when the server asks for it.
fn obey<Res, E, C>(call: &CallContext<Limited, C>, outcome: Result<Res, E>) -> Result<Res>
where
    E: Into<BoxError>,
    C: Classify<Res, E>,
{
    let verdict = call.judge(&outcome);
    if let Some(wait) = verdict.hint.filter(|wait| !wait.is_zero()) {
        let until = call.now() + wait.min(MAX_PAUSE);
        call.policy().limit.penalize_until(until);
    }
    call.conclude(outcome, verdict)
}
