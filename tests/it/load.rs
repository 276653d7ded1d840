//! Senders that post until they are told to stop, over restarts of the gateway.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use integration_e2e::{
    client::Client,
    sender::{Post, Sender, payment},
};
use parking_lot::Mutex;
use tokio::{task::JoinSet, time::sleep};

/// What every connection waits before it tries an event again.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// Connections under load; each posts its own events, one after the other.
#[derive(Debug)]
pub(crate) struct Load {
    target: Arc<Mutex<SocketAddr>>,
    is_over: Arc<AtomicBool>,
    connections: JoinSet<Vec<String>>,
}

/// The customer, and so the order key, of all events of one connection.
pub(crate) fn customer(connection: usize) -> String {
    format!("cus_{connection}")
}

impl Load {
    /// Opens connections that post to `target`, with `pace` between an answer and the next event.
    ///
    /// As a real sender does, each posts an event until it is answered 2xx, so that a crash
    /// between commit and answer ends in a duplicate, and only then goes on to the next.
    pub(crate) fn start(
        sender: &Arc<Sender>,
        target: SocketAddr,
        connections: usize,
        pace: Duration,
    ) -> Self {
        let target = Arc::new(Mutex::new(target));
        let is_over = Arc::new(AtomicBool::new(false));
        let mut set = JoinSet::new();
        for no in 0..connections {
            let (sender, target) = (Arc::clone(sender), Arc::clone(&target));
            let is_over = Arc::clone(&is_over);
            set.spawn(async move {
                let mut answered = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    let id = format!("evt_{no}_{}", answered.len());
                    let post = sender.post(&id, payment(&id, &customer(no)));
                    post_until_answered(&post, &target).await;
                    answered.push(id);
                    sleep(pace).await;
                }
                answered
            });
        }
        Self {
            target,
            is_over,
            connections: set,
        }
    }

    /// Sends further events, and those not answered yet, to another address.
    pub(crate) fn redirect(&self, target: SocketAddr) {
        *self.target.lock() = target;
    }

    /// Stops once what is under way was answered 2xx, and returns the ids of all events.
    pub(crate) async fn stop(self) -> BTreeSet<String> {
        self.is_over.store(true, Ordering::Relaxed);
        self.connections
            .join_all()
            .await
            .into_iter()
            .flatten()
            .collect()
    }
}

async fn post_until_answered(post: &Post, target: &Mutex<SocketAddr>) {
    let mut to = *target.lock();
    let mut client = Client::new(to);
    loop {
        match client.post(post).await {
            Ok(answer) if answer.is_success() => return,
            Ok(answer) => assert_eq!(
                answer.status, 503,
                "only `later` may be answered: {answer:?}"
            ),
            Err(_) => {}
        }
        sleep(TRY_AGAIN_AFTER).await;
        let now = *target.lock();
        if now != to {
            to = now;
            client = Client::new(to);
        }
    }
}
