//! `INTEGRATION_SHARED=.. cargo bench -p integration-benches --bench stripe [-- --quick]`: an event
//! verified and parsed, and a payment intent posted over one connection on loopback to a server in a
//! process of its own.
//!
//! The figures are processor time of the client's one thread, which has the runtime too. Parsing alone:
//! `cargo bench -p integration-stripe --bench node`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench is a program for people: it prints, and stops at the first surprise"
)]

mod server;

use std::{env, fs, hint::black_box, path::PathBuf};

use bytes::Bytes;
use integration_benches::{
    bars::{self, Bar},
    machine,
    plan::Plan,
    row::Row,
    table::{Table, Unit},
};
use integration_core::{Clock as _, SystemClock, http::HeaderMap};
use integration_stripe::{
    Client, Config,
    resources::CreatePaymentIntent,
    webhook::{Webhooks, test_header},
};
use tokio::runtime::{Builder, Runtime};

use crate::server::Server;

/// The row about posts, and the CPU microseconds it may take.
const POST: (&str, f64) = ("integration-stripe, one connection", 18.0);

/// Recorded events, and the CPU microseconds that verifying and parsing one may take.
const EVENTS: [(&str, f64); 2] = [
    ("payment_intent_succeeded.json", 5.0),
    ("invoice_paid.json", 12.0),
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|word| word == server::ROLE) {
        server::serve();
    } else if arguments.iter().any(|word| word == "--bench") {
        // `cargo test --benches` runs this binary too, without `--bench`: it built, that is the test.
        run(Plan::of(&arguments));
    }
}

fn run(plan: Plan) {
    println!("machine: {}", machine::describe());
    println!("{plan:?}\n");
    let mut bars = events(plan);
    bars.push(posts(plan));
    bars::print(&bars);
}

fn print(table: &Table) {
    println!("| {} | CPU µs |\n|---|---|", table.title);
    for row in &table.rows {
        println!("| {} | {} |", row.name, table.figure(&row.name));
    }
    println!();
}

fn events(plan: Plan) -> Vec<Bar> {
    let mut table = Table::new("an event", Unit::Micros);
    let mut bars = Vec::new();
    for (name, most) in EVENTS {
        let Some(body) = recorded(name) else {
            println!("skipped: no {name}; set INTEGRATION_SHARED to the folder of recordings");
            continue;
        };
        let verified = format!("{name}, {} B, verified and parsed", body.len());
        table.add(checked(verified.clone(), body));
        bars.push((verified, most));
    }
    table.measure(plan);
    print(&table);
    let bar = |(name, most): (String, f64)| Bar::at_most(&*name, table.figure(&name), most);
    bars.into_iter().map(bar).collect()
}

fn recorded(name: &str) -> Option<Bytes> {
    let shared = PathBuf::from(env::var_os("INTEGRATION_SHARED")?);
    let text = fs::read(shared.join("corpus/stripe/events").join(name));
    text.ok().map(Bytes::from)
}

fn checked(name: String, body: Bytes) -> Row {
    let secret = || "whsec_bench".to_owned().into();
    let webhooks = Webhooks::new([secret()]).unwrap();
    // Signed in each turn, because a signature ages.
    Row::new(name, move |operations| {
        let header = test_header(&secret(), &body, SystemClock.unix()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("stripe-signature", header.parse().unwrap());
        for _ in 0..operations {
            let event = webhooks.event(black_box(&headers), black_box(&body));
            black_box(event.unwrap());
        }
    })
}

fn posts(plan: Plan) -> Bar {
    let server = Server::spawn();
    let mut table = Table::new("a payment intent created, loopback HTTP", Unit::Micros);
    let config = Config::new("sk_test_bench".to_owned().into())
        .with_base_url(server.url())
        .with_rate_limit(1_000_000);
    let client = Client::new(config).unwrap();
    let runtime = runtime();
    let (name, most) = POST;
    table.add(Row::new(name, move |operations| {
        runtime.block_on(async {
            for _ in 0..operations {
                let params = CreatePaymentIntent::new(1200, "eur").confirm(true);
                let intent = client.payment_intents().create(&params).send();
                assert_eq!(intent.await.unwrap().amount(), Some(1200));
            }
        });
    }));
    table.measure(plan);
    print(&table);
    Bar::at_most("CPU µs a post", table.figure(name), most)
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
