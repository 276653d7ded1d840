//! Refreshes in the background: before a caller has to wait, and before a refresh token dies of
//! disuse.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};

use integration_core::{Error, ErrorKind, Result, config::MAX_DURATION};
use tokio::{runtime::Handle, task::JoinSet, time::timeout};

use super::{cell::Cell, inner::Inner, oauth::OAuth, tokens::Tokens};
use crate::{
    connection::ConnectionKey,
    store::{Filter, Record},
};

/// Connections that are read at once.
const PAGE: usize = 100;

/// Configures the refreshes in the background.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweepConfig {
    /// How often it is looked for connections that are due, above 0. Default: 15 s.
    pub interval: Duration,
    /// Refreshes at once, 1 to 1,000. Default: 8.
    pub concurrency: usize,
    /// Refreshes of one look, 1 to 1,000,000. Default: 10,000.
    pub max_refreshes: usize,
}

impl SweepConfig {
    /// Sets how often it is looked for connections that are due.
    #[must_use]
    pub const fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets how many are refreshed at once.
    #[must_use]
    pub const fn with_concurrency(mut self, refreshes: usize) -> Self {
        self.concurrency = refreshes;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        let rule = if self.interval.is_zero() || self.interval > MAX_DURATION {
            "`interval` must be above 0 and at most 30 days"
        } else if !(1..=1_000).contains(&self.concurrency) {
            "`concurrency` must be 1 to 1000"
        } else if !(1..=1_000_000).contains(&self.max_refreshes) {
            "`max_refreshes` must be 1 to 1000000"
        } else {
            return Ok(self);
        };
        Err(Error::new(ErrorKind::Config, "oauth.sweep").with_message(rule))
    }
}

impl Default for SweepConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            concurrency: 8,
            max_refreshes: 10_000,
        }
    }
}

impl OAuth {
    /// Refreshes connections in the background from now on, until the shutdown.
    ///
    /// Every process may do it: of those that find a connection due one gets the right to refresh
    /// it. When a connection is due within its last fifth is left to its name, so that those of one
    /// hour do not come at once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] outside of a tokio runtime, and when the configuration is not valid.
    pub fn start_sweeper(&self, config: SweepConfig) -> Result<()> {
        let config = config.validate()?;
        let Ok(runtime) = Handle::try_current() else {
            return Err(Error::new(ErrorKind::Config, "oauth.sweep")
                .with_message("the background needs a tokio runtime, and there is none"));
        };
        let inner = Arc::clone(&self.inner);
        let sweeps = sweep_for_good(inner, config, runtime.clone());
        self.inner.tasks.spawn(&runtime, sweeps);
        Ok(())
    }

    /// Refreshes what is due now, once, and returns how many connections that were.
    ///
    /// # Errors
    ///
    /// What the store reports; refreshes that fail are logged, and tried again the next time.
    pub async fn sweep(&self, config: &SweepConfig) -> Result<usize> {
        let Ok(runtime) = Handle::try_current() else {
            return Err(Error::new(ErrorKind::Config, "oauth.sweep")
                .with_message("the background needs a tokio runtime, and there is none"));
        };
        sweep(&self.inner, config, &runtime).await
    }
}

async fn sweep_for_good(inner: Arc<Inner>, config: SweepConfig, runtime: Handle) {
    let mut closing = inner.tasks.closing();
    // Processes that started together do not look together.
    let mut wait = config.interval.mul_f64(inner.rng.fraction());
    loop {
        if timeout(wait, closing.wait_for(|is_closing| *is_closing))
            .await
            .is_ok()
        {
            return;
        }
        wait = config.interval;
        if let Err(error) = sweep(&inner, &config, &runtime).await {
            tracing::warn!(%error, "connections could not be looked for, later again");
        }
    }
}

async fn sweep(inner: &Arc<Inner>, config: &SweepConfig, runtime: &Handle) -> Result<usize> {
    let mut underway = JoinSet::new();
    let mut filter = Filter {
        due_before: Some(inner.clock.unix()),
        limit: PAGE,
        ..Filter::default()
    };
    let mut begun = 0;
    loop {
        let page = inner.bounded(inner.store.list(&filter)).await?;
        let mut due = page.records;
        due.retain(|record| is_free(inner, record));
        // Not in the order of the names, in which all processes would get in each other's way.
        due.sort_by_key(|record| order(inner, &record.key));
        for record in due {
            if begun == config.max_refreshes || inner.tasks.is_closing() {
                break;
            }
            while underway.len() >= config.concurrency {
                underway.join_next().await;
            }
            let Some(tokens) = tokens(inner, &record.key) else {
                continue;
            };
            begun += 1;
            let runtime = runtime.clone();
            underway.spawn(async move { tokens.keep_alive(&runtime).await });
        }
        match page.next {
            Some(next) if begun < config.max_refreshes && !inner.tasks.is_closing() => {
                filter.after = Some(next);
            }
            _ => break,
        }
    }
    while underway.join_next().await.is_some() {}
    Ok(begun)
}

/// Whether nobody refreshes it now.
fn is_free(inner: &Inner, record: &Record) -> bool {
    let now = inner.clock.unix();
    record.lease.as_ref().is_none_or(|lease| lease.until <= now)
}

/// Another order in each process, the same for all of its looks.
fn order(inner: &Inner, key: &ConnectionKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&inner.owner, key).hash(&mut hasher);
    hasher.finish()
}

/// The tokens of a connection, which need not stay in memory for that.
fn tokens(inner: &Arc<Inner>, key: &ConnectionKey) -> Option<Tokens> {
    let refresher = inner.refresher(key).ok()?;
    let cell = inner
        .cells
        .find(key)
        .unwrap_or_else(|| Arc::new(Cell::new(key.clone(), Arc::clone(refresher))));
    Some(Tokens::new(Arc::clone(inner), cell))
}
