//! The time an event takes from its post to its delivery, at a steady rate.

use std::{cell::RefCell, collections::HashMap, net::SocketAddr, rc::Rc, time::Duration};

use integration_core::{Clock as _, SystemClock};
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    task::LocalSet,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{load, requests::Batch, servers, stats::Latencies, wire};

/// Events a second, over all connections.
pub(crate) const RATE: usize = 2_000;
const CONNECTIONS: usize = 20;
/// Longest wait for the last delivery.
const DELIVERED_WITHIN: Duration = Duration::from_secs(30);

/// Posts the batch at [`RATE`] and returns how long each event took to reach the sink.
pub(crate) async fn run(
    gateway: SocketAddr,
    sink: SocketAddr,
    first: usize,
    batch: Batch,
) -> Latencies {
    servers::take_deliveries(sink).await;
    let count = batch.len();
    let posted = post(gateway, first, batch).await;
    let mut took = Vec::with_capacity(count);
    let began = SystemClock.now();
    while took.len() < count {
        assert!(
            SystemClock.now() - began < DELIVERED_WITHIN,
            "deliveries are missing"
        );
        sleep(Duration::from_millis(20)).await;
        let arrived = servers::take_deliveries(sink).await;
        took.extend(arrived.iter().map(|(no, at)| at.saturating_sub(posted[no])));
    }
    Latencies::of(took)
}

/// When each event was posted, since the Unix epoch.
type Posted = HashMap<usize, Duration>;

async fn post(gateway: SocketAddr, first: usize, batch: Batch) -> Posted {
    let posted = Rc::new(RefCell::new(Posted::new()));
    let batch = Rc::new(batch);
    let local = LocalSet::new();
    for connection in 0..CONNECTIONS {
        local.spawn_local(post_some(
            gateway,
            first,
            connection,
            Rc::clone(&batch),
            Rc::clone(&posted),
        ));
    }
    local.await;
    posted.take()
}

/// Posts every twentieth event, each at its time.
async fn post_some(
    gateway: SocketAddr,
    first: usize,
    connection: usize,
    batch: Rc<Batch>,
    posted: Rc<RefCell<Posted>>,
) {
    let mut stream = TcpStream::connect(gateway).await.expect("gateway accepts");
    stream.set_nodelay(true).unwrap();
    let mut answer = vec![0; wire::MAX_MESSAGE];
    let pace =
        Duration::from_secs(1) * u32::try_from(CONNECTIONS).unwrap() / u32::try_from(RATE).unwrap();
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for no in (connection..batch.len()).step_by(CONNECTIONS) {
        ticks.tick().await;
        posted.borrow_mut().insert(first + no, SystemClock.unix());
        stream
            .write_all(batch.get(no).unwrap())
            .await
            .expect("gateway reads");
        load::exchange(&mut stream, &mut answer).await;
    }
}
