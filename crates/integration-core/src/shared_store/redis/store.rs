//! The operations, each one script.

use std::{fmt, sync::Arc, time::Duration};

use redis::{Cmd, ErrorKind as RedisKind, FromRedisValue, RedisResult, Script, ServerErrorKind};

use super::{
    config::RedisConfig,
    connection::{Connector, Numbered},
    fault::Fault,
};
use crate::{
    error::{Error, ErrorKind, Result},
    pause::MAX_PAUSE,
    retry_budget::RetryBudgetConfig,
    shared_store::{
        gcra::{Bill, micros},
        store::{Answer, Demands, Grant, Payment, SharedStore, Verdict},
    },
};

const ADMIT: &str = concat!(include_str!("clock.lua"), include_str!("admit.lua"));
const PAUSE: &str = concat!(include_str!("clock.lua"), include_str!("pause.lua"));
const BUDGET: &str = concat!(include_str!("clock.lua"), include_str!("budget.lua"));

/// How long a gate is kept after it stopped to matter, in milliseconds.
const KEEP_MS: u64 = 60_000;

/// How long a budget is kept after its last use, in milliseconds.
const KEEP_BUDGET_MS: u64 = 600_000;

/// Tokens of a retry at full price, as in the local budget.
const FULL_PRICE: u64 = 10;

/// Thousandths of a token.
const MILLI: u64 = 1_000;

/// What the floor saves up, in microseconds.
const FLOOR_SAVED: u64 = 1_000_000;

/// Keeps what a fleet shares in a Redis, 6 or newer.
///
/// Connects at the first call, within a tokio runtime. The address with its password is in no
/// Debug, error or event.
pub struct RedisStore {
    connector: Arc<Connector>,
    admit: Script,
    pause: Script,
    budget: Script,
}

/// One call of a script.
struct Question<'a> {
    script: &'a Script,
    code: &'static str,
    keys: &'a [String],
    args: &'a [i64],
}

impl RedisStore {
    /// Creates a store that is not connected yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the configuration is not valid.
    pub fn new(config: RedisConfig) -> Result<Self> {
        Ok(Self {
            connector: Arc::new(Connector::new(config.validate()?)),
            admit: Script::new(ADMIT),
            pause: Script::new(PAUSE),
            budget: Script::new(BUDGET),
        })
    }

    fn key(&self, of: &str, key: &str) -> String {
        format!("{}{of}:{key}", self.connector.config().prefix)
    }

    /// Asks once, and once more where an old connection turns out to be broken: it may have been
    /// closed long ago. A slot that the first question took is lost then.
    async fn ask<T: FromRedisValue>(&self, question: &Question<'_>) -> Result<T> {
        let connection = self.connect().await?;
        let reused = connection.reused;
        match self.ask_on(connection, question).await {
            Err(error) if reused && error.is_io_error() && !error.is_timeout() => {
                let connection = self.connect().await?;
                self.ask_on(connection, question).await
            }
            outcome => outcome,
        }
        .map_err(|error| Fault::new(&error).into_error())
    }

    async fn connect(&self) -> Result<Numbered> {
        self.connector.get().await.map_err(Fault::into_error)
    }

    async fn ask_on<T: FromRedisValue>(
        &self,
        mut on: Numbered,
        question: &Question<'_>,
    ) -> RedisResult<T> {
        let by_hash = question.command("EVALSHA", question.script.get_hash());
        let outcome = match by_hash.query_async(&mut on.connection).await {
            // A Redis forgets its scripts when it is started again. EVAL also loads it.
            Err(error) if error.kind() == RedisKind::Server(ServerErrorKind::NoScript) => {
                let in_full = question.command("EVAL", question.code);
                in_full.query_async(&mut on.connection).await
            }
            outcome => outcome,
        };
        if let Err(error) = &outcome
            && (error.is_io_error() || error.is_unrecoverable_error())
        {
            self.connector.forget(&on);
        }
        outcome
    }
}

impl Question<'_> {
    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(self.keys.len());
        command.arg(self.keys).arg(self.args);
        command
    }
}

impl SharedStore for RedisStore {
    fn admit<'a>(
        &'a self,
        key: &'a str,
        demands: &'a Demands,
        max_wait: Duration,
    ) -> Answer<'a, Grant> {
        Box::pin(async move {
            let bill = Bill::new(demands);
            let keys = [self.key("gate", key), self.key("born", "")];
            let limits = [micros(max_wait), bill.horizon, KEEP_MS];
            let mut args: Vec<i64> = limits.map(whole).into();
            for terms in bill.terms() {
                let terms = [terms.tolerance, terms.slack, terms.price, terms.per];
                args.extend(terms.map(whole));
            }
            let question = Question {
                script: &self.admit,
                code: ADMIT,
                keys: &keys,
                args: &args,
            };
            let (verdict, time, age): (i64, i64, i64) = self.ask(&question).await?;
            let time = duration(time)?;
            let verdict = match verdict {
                0 => Verdict::Go,
                1 => Verdict::Wait(time),
                2 => Verdict::Full(time),
                3 => Verdict::Paused(time),
                _ => return Err(not_ours()),
            };
            let age = duration(age)?;
            Ok(Grant { verdict, age })
        })
    }

    fn pause<'a>(&'a self, key: &'a str, wait: Duration) -> Answer<'a, ()> {
        Box::pin(async move {
            let keys = [self.key("gate", key)];
            let args = [micros(wait.min(MAX_PAUSE)), KEEP_MS].map(whole);
            let question = Question {
                script: &self.pause,
                code: PAUSE,
                keys: &keys,
                args: &args,
            };
            self.ask(&question).await
        })
    }

    fn withdraw<'a>(
        &'a self,
        key: &'a str,
        budget: &'a RetryBudgetConfig,
        calls: u32,
        price: u32,
    ) -> Answer<'a, Payment> {
        Box::pin(async move {
            let keys = [self.key("budget", key)];
            let one_call = u64::from(budget.percent) * FULL_PRICE * MILLI / 100;
            let floor = FLOOR_SAVED
                .checked_div(u64::from(budget.min_per_second))
                .map_or(-1, |retry| whole(retry * u64::from(price) / FULL_PRICE));
            let args = [
                whole(one_call * u64::from(calls)),
                whole(u64::from(budget.capacity) * FULL_PRICE * MILLI),
                whole(u64::from(price) * MILLI),
                floor,
                whole(FLOOR_SAVED),
                whole(KEEP_BUDGET_MS),
            ];
            let question = Question {
                script: &self.budget,
                code: BUDGET,
                keys: &keys,
                args: &args,
            };
            let (answer, after): (i64, i64) = self.ask(&question).await?;
            match answer {
                0 => Ok(Payment::Paid),
                1 => Ok(Payment::Denied(duration(after).ok())),
                _ => Err(not_ours()),
            }
        })
    }

    fn reset(&self) {
        self.connector.reset();
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("config", self.connector.config())
            .finish_non_exhaustive()
    }
}

fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn duration(micros: i64) -> Result<Duration> {
    u64::try_from(micros)
        .map(Duration::from_micros)
        .map_err(|_| not_ours())
}

fn not_ours() -> Error {
    Error::new(ErrorKind::Storage, "shared_store").with_message("redis gave an unknown answer")
}
