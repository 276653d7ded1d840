//! The shell around the state of a token: fetches, waits, and keeps the header at hand.

use std::{fmt, sync::Arc};

use ::http::{HeaderMap, HeaderName};
use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::{runtime::Handle, time::Instant};

use super::{
    config::TokenConfig,
    flight::{Flight, Landing, Unheard, flight},
    source::{Token, TokenSource},
    state::{Decision, Moment, Settled, TokenState},
};
use crate::{
    clock::{SharedClock, SystemClock},
    credentials::{
        Rejection,
        form::Form,
        lender::{Generation, Lender, Lending, Lent, NoLoan, refusal},
    },
    error::{Error, ErrorKind, Result},
    rng::{FastRng, Rng},
};

/// How often a call begins again when the fetch it waits for is broken off with its runtime.
const MAX_TRIES: u32 = 3;

/// Keeps the token of a [`TokenSource`] and has a new one fetched in time.
///
/// A clone is cheap and shares the token. A fetch runs in a task of its own, so that a caller that
/// goes away does not take it along: the token of a source that hands out each one once would be
/// lost.
pub struct CachedToken<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    source: S,
    config: TokenConfig,
    form: Form,
    clock: SharedClock,
    rng: Arc<dyn Rng>,
    /// What most calls need and no more; empty while there is something to decide.
    ready: RwLock<Option<Ready>>,
    /// Taken before `ready` where both are.
    inner: Mutex<Inner>,
}

struct Ready {
    lent: Lent,
    settled: Settled,
}

#[derive(Default)]
struct Inner {
    state: TokenState,
    held: Option<Lent>,
    /// While a fetch is under way.
    flight: Option<Flight>,
    /// Why the last fetch failed.
    error: Option<Error>,
}

/// What a call does next.
enum Step {
    Use(Lent),
    UseAndLaunch(Lent, Landing),
    Wait(Flight),
    LaunchAndWait(Landing, Flight),
    Fail(Error),
}

impl<S: TokenSource> CachedToken<S> {
    /// Keeps the token of `source`. Nothing is fetched before the first call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the configuration is not valid.
    pub fn new(source: S, config: TokenConfig) -> Result<Self> {
        Self::with_parts(source, config, SystemClock::shared(), Arc::new(FastRng))
    }

    /// As [`new`](Self::new), with a clock and chance of your own.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_parts(
        source: S,
        config: TokenConfig,
        clock: SharedClock,
        rng: Arc<dyn Rng>,
    ) -> Result<Self> {
        let config = config.validate()?;
        let form = Form::prefixed(config.prefix);
        let shared = Shared {
            source,
            config,
            form,
            clock,
            rng,
            ready: RwLock::default(),
            inner: Mutex::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Notes that a server refused the token of this number.
    pub fn invalidate(&self, generation: Generation) -> Rejection {
        let shared = &*self.shared;
        let at = shared.moment();
        let mut inner = shared.inner.lock();
        let rejection = inner
            .state
            .reject(generation.number(), at.now, &shared.config);
        shared.publish(&inner, at);
        rejection
    }

    fn step(&self) -> Step {
        let shared = &*self.shared;
        let at = shared.moment();
        let mut inner = shared.inner.lock();
        let decision = inner.state.decide(at);
        let step = match (decision, inner.held.clone()) {
            (Decision::Use, Some(lent)) => Step::Use(lent),
            (Decision::UseAndRefresh, Some(lent)) => {
                let (_, landing) = inner.launch();
                Step::UseAndLaunch(lent, landing)
            }
            (Decision::Refuse { until }, _) => {
                let wait = until.saturating_duration_since(at.now);
                Step::Fail(refusal(inner.error.as_ref()).with_retry_after(wait))
            }
            (Decision::Wait, _) if let Some(flight) = inner.flight.clone() => Step::Wait(flight),
            _ => {
                let (flight, landing) = inner.launch();
                Step::LaunchAndWait(landing, flight)
            }
        };
        shared.publish(&inner, at);
        step
    }

    /// Must not be called with a lock held: a runtime that ends drops the task at once.
    fn launch(&self, runtime: &Handle, landing: Landing) {
        let underway = Underway {
            shared: Arc::clone(&self.shared),
            landing,
            is_settled: false,
        };
        runtime.spawn(underway.run());
    }

    async fn lend_slowly(&self, deadline: Instant) -> Result<Lent> {
        let Ok(runtime) = Handle::try_current() else {
            return Err(Error::new(ErrorKind::Config, "credentials.token")
                .with_message("tokens are fetched on a tokio runtime, and there is none"));
        };
        for _ in 0..MAX_TRIES {
            let flight = match self.step() {
                Step::Use(lent) => return Ok(lent),
                Step::UseAndLaunch(lent, landing) => {
                    self.launch(&runtime, landing);
                    return Ok(lent);
                }
                Step::Fail(error) => return Err(error),
                Step::Wait(flight) => flight,
                Step::LaunchAndWait(landing, flight) => {
                    self.launch(&runtime, landing);
                    flight
                }
            };
            match flight.result(deadline).await {
                Ok(result) => return result.map_err(|e| refusal(Some(&e))),
                Err(Unheard::Late) => return Err(NoLoan::Late.into()),
                Err(Unheard::BrokenOff) => {}
            }
        }
        Err(NoLoan::BrokenOff.into())
    }
}

impl<S: TokenSource> Lender for CachedToken<S> {
    fn header(&self) -> &HeaderName {
        &self.shared.config.header
    }

    fn ready(&self) -> Option<Lent> {
        // Never waits: whoever changes it holds the lock that the slow way takes.
        let ready = self.shared.ready.try_read()?;
        let ready = ready.as_ref()?;
        let holds = match ready.settled {
            Settled::ForGood => true,
            settled => settled.holds(self.shared.moment()),
        };
        holds.then(|| ready.lent.clone())
    }

    fn lend(&self, deadline: Instant) -> Lending<'_, Result<Lent>> {
        Box::pin(self.lend_slowly(deadline))
    }

    fn reject(
        &self,
        generation: Generation,
        _answer: &HeaderMap,
        _deadline: Instant,
    ) -> Lending<'_, Rejection> {
        let rejection = self.invalidate(generation);
        Box::pin(std::future::ready(rejection))
    }
}

impl<S> Shared<S> {
    fn moment(&self) -> Moment {
        Moment::of(&*self.clock)
    }

    /// Puts the token at hand for as long as nothing has to be decided.
    fn publish(&self, inner: &MutexGuard<'_, Inner>, at: Moment) {
        let settled = inner.state.settled_until(at);
        let ready = settled.zip(inner.held.clone());
        *self.ready.write() = ready.map(|(settled, lent)| Ready { lent, settled });
    }
}

impl Inner {
    fn launch(&mut self) -> (Flight, Landing) {
        let (flight, landing) = flight();
        self.state.begin();
        self.flight = Some(flight.clone());
        (flight, landing)
    }
}

/// A fetch under way.
struct Underway<S: TokenSource> {
    shared: Arc<Shared<S>>,
    landing: Landing,
    is_settled: bool,
}

impl<S: TokenSource> Underway<S> {
    async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let began = shared.moment();
        let limit = shared.config.fetch_timeout;
        let fetched = match tokio::time::timeout(limit, shared.source.token(began.now)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(failure(ErrorKind::AttemptTimeout)
                .with_message(format!("token source took longer than {limit:?}"))),
        };
        self.settle(began, fetched);
    }

    fn settle(&mut self, began: Moment, fetched: Result<Token>) {
        self.is_settled = true;
        let shared = &*self.shared;
        let at = shared.moment();
        let mut inner = shared.inner.lock();
        inner.flight = None;
        let result = inner.take_in(shared, began, at, fetched);
        shared.publish(&inner, at);
        let is_behind = inner.state.decide(at) == Decision::Use;
        drop(inner);
        match &result {
            Ok(lent) => tracing::debug!(generation = lent.generation.number(), "token refreshed"),
            // Without a token to go on with, the callers are told and this is not said twice.
            Err(error) if is_behind => {
                tracing::warn!(%error, "token could not be refreshed, the one at hand is used");
            }
            Err(_) => {}
        }
        self.landing.land(result);
    }
}

impl Inner {
    fn take_in<S>(
        &mut self,
        shared: &Shared<S>,
        began: Moment,
        at: Moment,
        fetched: Result<Token>,
    ) -> Result<Lent> {
        let Shared { config, rng, .. } = shared;
        let made = fetched.and_then(|token| {
            let value = shared.form.value(&token.secret);
            let value = value.map_err(|rule| {
                failure(ErrorKind::Decode).with_message(format!("token of the source {rule}"))
            })?;
            Ok((token, value))
        });
        let error = match made {
            Ok((token, value)) => {
                let end = token.expires_at.and_then(|expiry| expiry.moment(began));
                if let Some(number) = self.state.succeed(began, at, end, config, &**rng) {
                    let generation = Generation::new(number);
                    self.error = None;
                    return Ok(self.held.insert(Lent { value, generation }).clone());
                }
                failure(ErrorKind::Decode).with_message(
                    "token of the source has expired already; is the clock of this machine right?",
                )
            }
            Err(error) => {
                self.state.fail(at.now, config, &**rng);
                error
            }
        };
        self.error = Some(error.clone());
        Err(error)
    }
}

impl<S: TokenSource> Drop for Underway<S> {
    /// Runs for a source that panicked, and for a runtime that ends.
    fn drop(&mut self) {
        if self.is_settled {
            return;
        }
        let shared = &*self.shared;
        let at = shared.moment();
        let mut inner = shared.inner.lock();
        inner.flight = None;
        if std::thread::panicking() {
            inner.state.fail(at.now, &shared.config, &*shared.rng);
            inner.error = Some(failure(ErrorKind::Other).with_message("token source panicked"));
        } else {
            inner.state.abandon();
        }
        shared.publish(&inner, at);
    }
}

fn failure(kind: ErrorKind) -> Error {
    Error::new(kind, "credentials.token")
}

impl<S> Clone for CachedToken<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S> fmt::Debug for CachedToken<S> {
    /// Shows what state the token is in, not the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("CachedToken");
        shown.field("config", &self.shared.config);
        match self.shared.inner.try_lock() {
            Some(inner) => shown.field("state", &inner.state),
            None => shown.field("state", &format_args!("<locked>")),
        };
        shown.finish_non_exhaustive()
    }
}
