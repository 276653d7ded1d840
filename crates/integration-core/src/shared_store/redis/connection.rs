//! The one connection, made by whoever needs it first and shared by all.

use std::sync::Arc;

use parking_lot::Mutex;
use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, aio::MultiplexedConnection,
};
use secrecy::ExposeSecret;
use tokio::sync::watch;

use super::{config::RedisConfig, fault::Fault};

/// A connection, and which one it is.
#[derive(Clone)]
pub(super) struct Numbered {
    pub(super) connection: MultiplexedConnection,
    number: u64,
    /// Whether it was there before this call: only then may it be broken without our knowledge.
    pub(super) reused: bool,
}

/// Makes the connection when it is needed, in a task of its own: calls wait less long than a
/// connection may take, and none of them may spoil it for the others.
pub(super) struct Connector {
    config: RedisConfig,
    slot: Mutex<Slot>,
}

struct Slot {
    number: u64,
    state: State,
}

enum State {
    Empty,
    Connecting(watch::Receiver<Option<Result<(), Fault>>>),
    Ready(MultiplexedConnection),
}

impl Connector {
    pub(super) const fn new(config: RedisConfig) -> Self {
        let state = State::Empty;
        Self {
            config,
            slot: Mutex::new(Slot { number: 0, state }),
        }
    }

    pub(super) const fn config(&self) -> &RedisConfig {
        &self.config
    }

    /// Returns the connection, or waits for the one that is being made.
    pub(super) async fn get(self: &Arc<Self>) -> Result<Numbered, Fault> {
        let mut reused = true;
        loop {
            let mut done = match self.ready_or_connecting() {
                Ok(ready) => return Ok(Numbered { reused, ..ready }),
                Err(done) => done,
            };
            reused = false;
            match done.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(Ok(()))) => {}
                Ok(Some(Err(fault))) => return Err(fault.clone()),
                Ok(None) | Err(_) => {
                    self.slot.lock().state = State::Empty;
                    return Err(Fault::abandoned());
                }
            }
        }
    }

    /// Gives a connection up, unless there is a newer one.
    pub(super) fn forget(&self, broken: &Numbered) {
        let mut slot = self.slot.lock();
        if slot.number == broken.number && matches!(slot.state, State::Ready(_)) {
            slot.state = State::Empty;
        }
    }

    /// Gives up whatever connection there is; one that is being made may still come.
    pub(super) fn reset(&self) {
        let mut slot = self.slot.lock();
        if matches!(slot.state, State::Ready(_)) {
            slot.state = State::Empty;
        }
    }

    fn ready_or_connecting(
        self: &Arc<Self>,
    ) -> Result<Numbered, watch::Receiver<Option<Result<(), Fault>>>> {
        let mut slot = self.slot.lock();
        match &slot.state {
            State::Ready(connection) => Ok(Numbered {
                connection: connection.clone(),
                number: slot.number,
                reused: true,
            }),
            State::Connecting(done) => Err(done.clone()),
            State::Empty => {
                let (tell, done) = watch::channel(None);
                slot.state = State::Connecting(done.clone());
                let connector = Arc::clone(self);
                tokio::spawn(async move { connector.connect(tell).await });
                Err(done)
            }
        }
    }

    async fn connect(&self, tell: watch::Sender<Option<Result<(), Fault>>>) {
        let made = self.open().await;
        let mut slot = self.slot.lock();
        let outcome = match made {
            Ok(connection) => {
                slot.number += 1;
                slot.state = State::Ready(connection);
                Ok(())
            }
            Err(error) => {
                slot.state = State::Empty;
                Err(Fault::new(&error))
            }
        };
        drop(slot);
        // Nobody may be waiting any more.
        let _ = tell.send(Some(outcome));
    }

    async fn open(&self) -> redis::RedisResult<MultiplexedConnection> {
        let info = self.config.url.expose_secret().into_connection_info()?;
        // Nothing here needs more of the protocol, and it connects in one round trip less.
        let redis = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP2)
            .set_skip_set_lib_name();
        let client = Client::open(info.set_redis_settings(redis))?;
        let timeout = Some(self.config.timeout);
        let limits = AsyncConnectionConfig::new()
            .set_connection_timeout(timeout)
            .set_response_timeout(timeout);
        client
            .get_multiplexed_async_connection_with_config(&limits)
            .await
    }
}
