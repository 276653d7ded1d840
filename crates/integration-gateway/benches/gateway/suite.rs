//! What is measured, in which order, and the tables.

use std::{path::Path, rc::Rc, time::Duration};

use integration_core::{Clock as _, SystemClock};
use tokio::time::sleep;

use crate::{
    bars::{self, Figures},
    child::Server,
    journey, load, machine,
    requests::Batch,
    servers, setup,
    setup::Variant,
    slow_fsync,
    stats::Series,
};

/// How much is measured.
#[derive(Debug)]
pub(crate) struct Plan {
    rounds: usize,
    /// Requests in one run of load, at most.
    requests: usize,
    /// Longest time of one run of load.
    limit: Duration,
    /// Events in one end-to-end run.
    delivered: usize,
}

pub(crate) const FULL: Plan = Plan {
    rounds: 7,
    requests: 100_000,
    limit: Duration::from_secs(3),
    delivered: 40_000,
};

pub(crate) const QUICK: Plan = Plan {
    rounds: 3,
    requests: 20_000,
    limit: Duration::from_secs(1),
    delivered: 5_000,
};

/// Connections of the rows the bars are about.
const MANY: usize = 64;
/// Places of the rows the bars are about.
const BARE_HMAC: usize = 1;
const ACCEPT: usize = 4;
/// What one fsync costs more in the slow rows.
const SLOWER_BY_US: u32 = 1_000;
/// Times the gateway is started, for the start time.
const STARTS: usize = 5;
/// Longest wait for the last delivery of an end-to-end run.
const DELIVERED_WITHIN: Duration = Duration::from_secs(60);

/// Runs everything and prints the tables and the verdicts.
pub(crate) fn run(plan: &Plan) {
    println!("machine: {}", machine::describe());
    let folder = tempfile::tempdir().unwrap();
    println!(
        "disk: {:.0} appended pages synced a second, one by one",
        machine::fsyncs_per_second(folder.path())
    );
    println!("{plan:?}\n");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(Suite::start(plan, folder.path()).run());
}

/// One row of the table: load of one shape on one server.
#[derive(Debug)]
struct Row {
    name: String,
    connections: usize,
    server: Rc<Server>,
    per_second: Series,
    p50_ms: Series,
    p99_ms: Series,
    cpu_us: Series,
}

impl Row {
    fn new(name: &str, connections: usize, server: &Rc<Server>) -> Self {
        Self {
            name: format!("{name}, {connections} connections"),
            connections,
            server: Rc::clone(server),
            per_second: Series::default(),
            p50_ms: Series::default(),
            p99_ms: Series::default(),
            cpu_us: Series::default(),
        }
    }

    async fn measure(&mut self, batch: Batch, limit: Duration) {
        let before = self.server.cpu_time();
        let outcome = load::run(self.server.address(), batch, self.connections, limit).await;
        let used = self.server.cpu_time() - before;
        self.per_second.push(outcome.per_second());
        self.p50_ms.push(outcome.latencies.percentile_ms(50));
        self.p99_ms.push(outcome.latencies.percentile_ms(99));
        self.cpu_us
            .push(used.as_secs_f64() * 1e6 / outcome.answered as f64);
    }

    fn print(&self) {
        println!(
            "| {} | {} | {} | {} | {} |",
            self.name, self.per_second, self.p50_ms, self.p99_ms, self.cpu_us
        );
    }
}

#[derive(Debug)]
struct Suite<'a> {
    plan: &'a Plan,
    rows: Vec<Row>,
    /// Rows that a missing compiler takes away: per event, group.
    slow: Option<[usize; 2]>,
    gateway: Rc<Server>,
    idle_mb: f64,
    forwarding: Server,
    sink: Server,
    delivered: Series,
    journey_p50_ms: Series,
    journey_p99_ms: Series,
    next_id: usize,
    start_ms: Series,
    program_mb: f64,
}

impl<'a> Suite<'a> {
    fn start(plan: &'a Plan, folder: &Path) -> Self {
        let mut start_ms = Series::default();
        for _ in 0..STARTS {
            let name = "start";
            let gateway = setup::gateway(
                folder,
                &Variant {
                    name,
                    ..Variant::default()
                },
            );
            start_ms.push(gateway.started_in.as_secs_f64() * 1e3);
            drop(gateway);
            std::fs::remove_dir_all(folder.join(name)).unwrap();
        }
        let sink = servers::spawn(servers::SINK);
        let deliver_to = Some(format!("http://{}/", sink.address()));
        let variant = |name| Variant {
            name,
            ..Variant::default()
        };
        let gateway = Rc::new(setup::gateway(folder, &variant("group")));
        let mut rows = vec![
            Row::new("bare axum", MANY, &Rc::new(servers::spawn(servers::BARE))),
            Row::new(
                "bare axum + HMAC",
                MANY,
                &Rc::new(servers::spawn(servers::BARE_HMAC)),
            ),
            Row::new("durable accept", 1, &gateway),
            Row::new("durable accept", 16, &gateway),
            Row::new("durable accept", MANY, &gateway),
            Row::new(
                "commit per event",
                MANY,
                &Rc::new(setup::gateway(
                    folder,
                    &Variant {
                        commit_per_event: true,
                        ..variant("event")
                    },
                )),
            ),
        ];
        let slow = slow_rows(folder, &mut rows);
        Self {
            plan,
            slow,
            idle_mb: gateway.memory_mb(),
            gateway,
            rows,
            forwarding: setup::gateway(
                folder,
                &Variant {
                    deliver_to,
                    ..variant("forwarding")
                },
            ),
            sink,
            delivered: Series::default(),
            journey_p50_ms: Series::default(),
            journey_p99_ms: Series::default(),
            next_id: 0,
            start_ms,
            program_mb: setup::program_mb(folder),
        }
    }

    async fn run(mut self) {
        self.warm_up().await;
        for _ in 0..self.plan.rounds {
            for at in 0..self.rows.len() {
                let batch = self.sign(self.plan.requests);
                self.rows[at].measure(batch, self.plan.limit).await;
            }
            let rate = self.deliver().await;
            self.delivered.push(rate);
            self.travel().await;
        }
        self.report();
    }

    async fn warm_up(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        for row in &mut rows {
            let batch = self.sign(self.plan.requests / 10);
            load::run(
                row.server.address(),
                batch,
                row.connections,
                self.plan.limit,
            )
            .await;
        }
        self.rows = rows;
        self.deliver().await;
    }

    fn sign(&mut self, count: usize) -> Batch {
        let first = self.next_id;
        self.next_id += count;
        Batch::sign(first, count, SystemClock.unix())
    }

    /// Posts events and waits until the sink has them all; returns events a second.
    async fn deliver(&mut self) -> f64 {
        let batch = self.sign(self.plan.delivered);
        servers::take_deliveries(self.sink.address()).await;
        let began = SystemClock.now();
        let sent = load::run(self.forwarding.address(), batch, MANY, DELIVERED_WITHIN).await;
        let mut arrived = 0;
        while arrived < sent.answered {
            sleep(Duration::from_millis(2)).await;
            arrived += servers::take_deliveries(self.sink.address()).await.len();
            assert!(
                SystemClock.now() - began < DELIVERED_WITHIN,
                "deliveries are missing after {DELIVERED_WITHIN:?}"
            );
        }
        sent.answered as f64 / (SystemClock.now() - began).as_secs_f64()
    }

    /// Measures the journey of events at a steady rate.
    async fn travel(&mut self) {
        let first = self.next_id;
        let batch = self.sign(self.plan.delivered / 10);
        let took = journey::run(self.forwarding.address(), self.sink.address(), first, batch).await;
        self.journey_p50_ms.push(took.percentile_ms(50));
        self.journey_p99_ms.push(took.percentile_ms(99));
    }

    fn report(&self) {
        println!("| server | requests/s | p50 ms | p99 ms | CPU µs/request |");
        println!("|---|---|---|---|---|");
        for row in &self.rows {
            row.print();
        }
        println!(
            "\naccepted and delivered end to end, {MANY} connections: {} events/s",
            self.delivered
        );
        println!(
            "from post to delivery at {} events/s: p50 {} ms, p99 {} ms",
            journey::RATE,
            self.journey_p50_ms,
            self.journey_p99_ms
        );
        println!(
            "memory: {:.1} MB idle, {:.1} MB at the peak",
            self.idle_mb,
            self.gateway.peak_memory_mb()
        );
        println!(
            "memory while forwarding: {:.1} MB at the peak",
            self.forwarding.peak_memory_mb()
        );
        println!(
            "start: {} ms; program: {:.1} MB",
            self.start_ms, self.program_mb
        );
        println!("claim and complete: `cargo bench -p integration-events`\n");
        let rate = |row: usize| &self.rows[row].per_second;
        bars::print(&Figures {
            share: rate(ACCEPT).over(rate(BARE_HMAC)),
            batching: self
                .slow
                .map(|[event, group]| rate(group).over(rate(event))),
            cpu_us: self.rows[ACCEPT].cpu_us.clone(),
            start_ms: self.start_ms.clone(),
            peak_mb: self
                .gateway
                .peak_memory_mb()
                .max(self.forwarding.peak_memory_mb()),
            program_mb: self.program_mb,
        });
    }
}

/// Adds the rows with a slow fsync, where they can be had, and returns where they are.
fn slow_rows(folder: &Path, rows: &mut Vec<Row>) -> Option<[usize; 2]> {
    let preload = slow_fsync::build(folder, SLOWER_BY_US)?;
    let first = rows.len();
    for (name, commit_per_event) in [("slow-event", true), ("slow-group", false)] {
        let variant = Variant {
            name,
            commit_per_event,
            preload: preload.clone(),
            ..Variant::default()
        };
        let how = if commit_per_event {
            "per event"
        } else {
            "group commit"
        };
        let server = Rc::new(setup::gateway(folder, &variant));
        rows.push(Row::new(&format!("fsync + 1 ms, {how}"), MANY, &server));
    }
    Some([first, first + 1])
}
