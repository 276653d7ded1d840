//! The gateway as a whole: what is started, in which order, and how it ends.

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use integration_core::{Error, ErrorKind, Result, SharedClock};
use integration_events::{
    Dispatcher, DispatcherConfig, SqliteConfig, SqliteStore, Store as _, UnixMillis,
};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use crate::{
    admin,
    config::{Commit, Config, RetentionConfig},
    deliver,
    metrics::Metrics,
    server::{self, Receiver},
};

/// Memory of the runtime aside, this much longer than the grace may a stop take.
const STOP_MARGIN: Duration = Duration::from_secs(2);

/// A running gateway. Dropped without [`stop`](Self::stop), its tasks end as a crash would end
/// them: nothing acknowledged is lost.
#[derive(Debug)]
pub struct Gateway {
    public: SocketAddr,
    admin: SocketAddr,
    grace: Duration,
    stop: watch::Sender<Phase>,
    public_task: JoinHandle<()>,
    dispatcher: JoinHandle<Result<()>>,
    helpers: JoinSet<()>,
}

/// How far a stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Everything runs.
    Running,
    /// Nothing more is received; what is stored is still delivered.
    Closing,
    /// Nothing more is begun.
    Ending,
}

impl Gateway {
    /// Opens the store, takes back what an earlier process left, and listens.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for an address or a folder that cannot be used, [`ErrorKind::Conflict`]
    /// when another gateway has the folder, those of the store and of the HTTP client.
    pub async fn start(config: Config, clock: SharedClock) -> Result<Self> {
        if !config.admin_listen.ip().is_loopback() && config.admin_token.is_none() {
            return Err(refuse(
                "admin_listen is beyond loopback without admin_token: set admin_token, or listen \
                 on 127.0.0.1",
            ));
        }
        let public = listen("listen", config.listen).await?;
        let admin = listen("admin_listen", config.admin_listen).await?;
        let store = open(&config, &clock)?;
        let metrics = Arc::new(Metrics::new());
        let (stop, phase) = watch::channel(Phase::Running);

        let receiver = Receiver::new(&config, store.clone(), clock.clone(), &metrics)?;
        let dispatcher = dispatcher(&config, &store, &clock, &metrics)?;
        let state = admin::Admin::new(&config, store.clone(), clock.clone(), metrics);

        let mut helpers = JoinSet::new();
        let admin_address = address(&admin)?;
        helpers.spawn(admin::serve(
            admin,
            state,
            ended(phase.clone(), Phase::Ending),
        ));
        helpers.spawn(retain(
            store,
            config.retention,
            clock,
            ended(phase.clone(), Phase::Closing),
        ));
        Ok(Self {
            public: address(&public)?,
            admin: admin_address,
            grace: config.delivery.shutdown_grace,
            public_task: tokio::spawn(server::serve(
                public,
                receiver,
                config.limits,
                ended(phase.clone(), Phase::Closing),
            )),
            dispatcher: tokio::spawn(dispatcher.run(ended(phase, Phase::Ending))),
            stop,
            helpers,
        })
    }

    /// Returns where senders post.
    #[must_use]
    pub fn public_addr(&self) -> SocketAddr {
        self.public
    }

    /// Returns where operators look.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin
    }

    /// Stops receiving, answers what has been received, finishes or hands back what is being
    /// delivered, and ends within the grace of the configuration.
    ///
    /// # Errors
    ///
    /// Those of the store, when what was under way could not be handed back; it is delivered again
    /// by the next gateway.
    pub async fn stop(mut self) -> Result<()> {
        self.stop.send_replace(Phase::Closing);
        // Whoever is still sending is cut off then; nothing of it was acknowledged.
        if timeout(self.grace, &mut self.public_task).await.is_err() {
            self.public_task.abort();
        }
        self.stop.send_replace(Phase::Ending);
        let bound = self.grace.saturating_add(STOP_MARGIN);
        let settled = match timeout(bound, &mut self.dispatcher).await {
            Ok(Ok(done)) => done,
            Ok(Err(panicked)) => Err(failed("gateway.stop").with_source(panicked)),
            Err(_) => Err(failed("gateway.stop").with_message("deliveries did not end in time")),
        };
        self.helpers.shutdown().await;
        settled
    }
}

/// Waits until a stop has come as far as `until`, or the gateway was dropped.
async fn ended(mut phase: watch::Receiver<Phase>, until: Phase) {
    let _dropped = phase.wait_for(|phase| *phase >= until).await;
}

async fn listen(key: &str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = match error.kind() {
            std::io::ErrorKind::AddrInUse => format!(
                "{key} = {address} is taken: stop what listens there, or set {key} to a free port"
            ),
            _ => format!("{key} = {address} cannot be listened on"),
        };
        refuse(message).with_source(error)
    })
}

fn address(listener: &TcpListener) -> Result<SocketAddr> {
    let address = listener.local_addr();
    address.map_err(|error| failed("gateway.start").with_source(error))
}

fn open(config: &Config, clock: &SharedClock) -> Result<SqliteStore> {
    make(&config.data_dir)?;
    let store = SqliteConfig::default()
        .with_synchronous_full(config.store.is_synchronous_full)
        .with_queue(config.store.queue_limit)
        .with_max_bytes(config.store.max_bytes)
        .with_commit_per_event(config.store.commit == Commit::Event);
    let now = UnixMillis::from_duration(clock.unix());
    SqliteStore::open_exclusive(config.store_path(), store, now)
}

/// Makes the folder of the store, and sees that it can be written.
fn make(folder: &Path) -> Result<()> {
    let probe = folder.join(".writable");
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&probe, b""))
        .and_then(|()| fs::remove_file(&probe));
    written.map_err(|error| {
        let message = format!(
            "data_dir {} cannot be written: set data_dir to a folder of this user's",
            folder.display()
        );
        refuse(message).with_source(error)
    })
}

fn dispatcher(
    config: &Config,
    store: &SqliteStore,
    clock: &SharedClock,
    metrics: &Arc<Metrics>,
) -> Result<Dispatcher<SqliteStore>> {
    let dispatch = DispatcherConfig {
        max_in_flight: config.delivery.max_in_flight,
        lease: config.delivery.lease,
        drain: config.delivery.shutdown_grace,
        ..DispatcherConfig::default()
    };
    let dispatcher = Dispatcher::new(Arc::new(store.clone()), clock.clone(), dispatch);
    let routes = deliver::routes(config, clock, metrics)?;
    Ok(routes.into_iter().fold(dispatcher, Dispatcher::route))
}

/// Removes what has been kept long enough, again and again.
async fn retain(
    store: SqliteStore,
    config: RetentionConfig,
    clock: SharedClock,
    end: impl Future<Output = ()>,
) {
    let work = async {
        loop {
            tokio::time::sleep(config.every).await;
            let now = UnixMillis::from_duration(clock.unix());
            match store.prune(config.policy, now).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "retention"),
                Err(error) => tracing::warn!(%error, "retention failed; it is tried again"),
            }
        }
    };
    tokio::select! {
        () = end => {}
        () = work => {}
    }
}

fn refuse(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Config, "gateway.start").with_message(message)
}

fn failed(operation: &'static str) -> Error {
    Error::new(ErrorKind::Other, operation)
}
