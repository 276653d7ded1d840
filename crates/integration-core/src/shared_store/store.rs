//! What a store has to do, and in what words it answers.

use std::{fmt::Debug, pin::Pin, time::Duration};

use crate::{config::invalid, error::Result, rate_limit::Quota, retry_budget::RetryBudgetConfig};

/// Quotas that one key can have at once.
pub const MAX_DEMANDS: usize = 4;

/// What a store answers, later. Boxed, because stores are used as `dyn SharedStore`.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Keeps quotas, pauses and retry budgets for several processes.
///
/// Each operation is atomic in the store and measured by the clock of the store, never by the
/// clock of a caller. An operation whose future is dropped may or may not have happened; a slot
/// taken that way is lost, which errs on the server's side.
///
/// # Errors
///
/// Every operation fails with [`ErrorKind::Decode`](crate::ErrorKind::Decode) when only this key is
/// unusable, with [`ErrorKind::Config`](crate::ErrorKind::Config) when somebody must correct a
/// setting, and with [`ErrorKind::Storage`](crate::ErrorKind::Storage) when the store is away.
pub trait SharedStore: Send + Sync + Debug {
    /// Asks pause and quotas of `key` at once, and takes the slot: one round trip an attempt.
    ///
    /// A slot that is at most one burst and at most `max_wait` ahead is booked. Later ones are not:
    /// what is booked survives the loss of the store, and must not add more than one burst then.
    fn admit<'a>(
        &'a self,
        key: &'a str,
        demands: &'a Demands,
        max_wait: Duration,
    ) -> Answer<'a, Grant>;

    /// Lets no call of `key` go for `wait` from now, at most
    /// [`MAX_PAUSE`](crate::pause::MAX_PAUSE), and after that no burst. Never shortens a longer one.
    fn pause<'a>(&'a self, key: &'a str, wait: Duration) -> Answer<'a, ()>;

    /// Adds what `calls` calls earn to the retry budget of `key`, and pays for one retry of this
    /// price from it. A price of 0 only adds.
    fn withdraw<'a>(
        &'a self,
        key: &'a str,
        budget: &'a RetryBudgetConfig,
        calls: u32,
        price: u32,
    ) -> Answer<'a, Payment>;

    /// Returns how long `key` is still paused; `None` when it is not.
    fn paused<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Duration>> {
        Box::pin(async move {
            let grant = self.admit(key, &Demands::NONE, Duration::ZERO).await?;
            Ok(match grant.verdict {
                Verdict::Paused(left) => Some(left),
                _ => None,
            })
        })
    }

    /// Gives up a connection on which an answer came too late. Does nothing by default.
    fn reset(&self) {}
}

/// Whether an attempt may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// A slot is taken: go now.
    Go,
    /// A slot is taken: go after this time, without asking again.
    Wait(Duration),
    /// Nothing is taken. Ask again after this time; longer than `max_wait` when no slot can come
    /// within it.
    Full(Duration),
    /// Nothing is taken: the server wants no calls for this long.
    Paused(Duration),
}

/// A verdict, and how far the memory of the store reaches back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whether the attempt may go.
    pub verdict: Verdict,
    /// For how long the store has forgotten nothing. While that is short, other processes may
    /// still be using their own limits. [`Duration::MAX`] for a store that cannot forget.
    pub age: Duration,
}

/// Whether a retry was paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Payment {
    /// Yes.
    Paid,
    /// No, and nothing was taken. The floor can pay after this time; `None` without a floor.
    Denied(Option<Duration>),
}

/// What one call takes from one quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The quota.
    pub quota: Quota,
    /// What the call takes from it. 0 takes nothing and waits for nothing. A cost above the burst
    /// waits for the whole burst and owes the rest.
    pub cost: u32,
}

impl Demand {
    /// Takes `cost` from `quota`.
    #[must_use]
    pub const fn new(quota: Quota, cost: u32) -> Self {
        Self { quota, cost }
    }
}

/// What one call takes from all quotas of its key: all of it, or nothing.
///
/// Every process must name the quotas of a key in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demands {
    list: [Demand; MAX_DEMANDS],
    len: usize,
}

impl Demands {
    /// Takes nothing, and so asks for the pause alone.
    pub const NONE: Self = Self {
        list: [Demand::new(Quota::per_second(1), 0); MAX_DEMANDS],
        len: 0,
    };

    /// Takes from at most [`MAX_DEMANDS`] quotas.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when there are more, or one is not valid.
    pub fn new(demands: &[Demand]) -> Result<Self> {
        let mut all = Self::NONE;
        if demands.len() > MAX_DEMANDS {
            return Err(invalid("shared_store.quotas", "must be at most 4"));
        }
        for (place, demand) in all.list.iter_mut().zip(demands) {
            demand.quota.validate()?;
            *place = *demand;
        }
        all.len = demands.len();
        Ok(all)
    }

    /// Takes one slot of one quota.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn one(quota: Quota) -> Result<Self> {
        Self::new(&[Demand::new(quota, 1)])
    }

    /// Returns what is taken from each quota.
    #[must_use]
    pub fn as_slice(&self) -> &[Demand] {
        self.list.get(..self.len).unwrap_or_default()
    }
}
